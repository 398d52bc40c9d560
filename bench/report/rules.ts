import { precisions, type Provider } from '#contract/runtime.ts';
import { isSameMachine } from '../machine.ts';
import type { Figure, StudyKey } from '../results.ts';
import { faster, find, timeMs } from './compare.ts';
import { matches } from './records.ts';
import type { StoredStudy } from './store.ts';

/** How a mark's value is found in the kept studies, newest first. Each compares within one run. */

export interface Found {
  readonly value: number;
  /** What has to be known of it. */
  readonly note?: string | undefined;
  readonly from: readonly StoredStudy[];
}
export type Rule = (newestFirst: readonly StoredStudy[]) => Found | undefined;
type Where = 'cpu' | 'gpu';

/** A picture of this many steps is what the marks speak of. */
const STEPS = 20;

/** Ours at a ratio against ours at none. */
export function gain(wanted: StudyKey, ratio: number, where: Where = 'cpu'): Rule {
  return firstOf(wanted, where, (figures, ours) =>
    bestOf(ours, ratio, (figure) => {
      const precision = precisionOf(figure);
      const own = precision === undefined ? {} : { variant: precision };
      return faster(find(figures, { ...placeOf(figure), ratio: 0, ...own }), figure);
    }),
  );
}

/** What a figure was computed in; undefined: float32. A gain in time by precision is not one of merging. */
function precisionOf({ variant }: Figure): string | undefined {
  const parts = variant?.split(', ') ?? [];
  return precisions.find((precision) => precision !== 'f32' && parts.includes(precision));
}

/** Ours against theirs, both at a ratio, and both in float32. */
export function versusPeers(wanted: StudyKey, ratio: number): Rule {
  return firstOf(wanted, 'cpu', (figures, ours) =>
    bestOf(ours, ratio, (figure) =>
      precisionOf(figure) === undefined ? faster(find(figures, { side: 'torch', ratio }), figure) : undefined,
    ),
  );
}

/** Pictures with a step cache in both; ratio as given. */
export function cachedVersusPeers(wanted: StudyKey, ratio: number): Rule {
  return firstOf(wanted, 'cpu', (figures, ours) =>
    bestCached(ours, ratio, (figure) =>
      faster(
        figures.find(
          (theirs) =>
            theirs.side === 'torch' && theirs.ratio === ratio && cacheOf(theirs) === cacheOf(figure),
        ),
        figure,
      ),
    ),
  );
}

/** Pictures with a step cache on top of merging against the plain run. */
export function cachedGain(wanted: StudyKey, ratio: number): Rule {
  return firstOf(wanted, 'cpu', (figures, ours) =>
    bestCached(ours, ratio, (figure) => faster(find(figures, { ...placeOf(figure), ratio: 0 }), figure)),
  );
}

/** One of our figures' own time, in milliseconds. */
export function time(wanted: StudyKey, ratio: number): Rule {
  return (records) => {
    for (const record of records.filter(({ study }) => matches(study.key, wanted))) {
      const figure = find(record.study.figures, { side: 'tessera', provider: 'cpu', ratio });
      const value = figure && timeMs(figure);
      if (value !== undefined) return { value, from: [record] };
    }
    return undefined;
  };
}

/** A single number that a study tells beside its figures. */
export function fact(wanted: StudyKey, name: string): Rule {
  return (records) => {
    for (const record of records.filter(({ study }) => matches(study.key, wanted))) {
      const value = record.study.facts?.[name];
      if (value !== undefined) return { value, from: [record] };
    }
    return undefined;
  };
}

/** The least of several such numbers, each of a way that is named where it is not tomesd's own. */
export function leastFact(wanted: StudyKey, ways: Readonly<Record<string, string | undefined>>): Rule {
  return (records) => {
    for (const record of records.filter(({ study }) => matches(study.key, wanted))) {
      const told = Object.entries(ways).flatMap(([name, note]) => {
        const value = record.study.facts?.[name];
        return value === undefined || Number.isNaN(value) ? [] : [{ value, note }];
      });
      const least = told.toSorted((a, b) => a.value - b.value)[0];
      if (least !== undefined) return { ...least, from: [record] };
    }
    return undefined;
  };
}

/** Ours: the peak above the weights in float32, in bytes; with the peers', as a share of theirs. */
export function peakAboveWeights(wanted: StudyKey, ratio: number, asShareOfPeers: boolean): Rule {
  return (records) => {
    for (const record of records.filter(({ study }) => matches(study.key, wanted))) {
      const { figures, facts } = record.study;
      const above = (side: Figure['side']) => {
        const bytes = find(figures, { side, provider: 'cpu', ratio })?.peak?.bytes;
        const weights = facts?.['weightsBytes'];
        return bytes === undefined || weights === undefined ? undefined : bytes - weights;
      };
      const [ours, theirs] = [above('tessera'), above('torch')];
      if (ours === undefined) continue;
      if (!asShareOfPeers) return { value: ours, from: [record] };
      if (theirs !== undefined) return { value: ours / theirs, from: [record] };
    }
    return undefined;
  };
}

/** A whole picture of SD 1.5's size against the peers': as it was made, else told from U-Net passes, texts and decoding. */
export function pictureVersusPeers(sizePx: number, ratio: number): Rule {
  const made = versusPeers({ topic: 'pictures', model: 'sd15', sizePx }, ratio);
  return (records) => made(records) ?? computedPicture(records, sizePx, ratio);
}

function computedPicture(records: readonly StoredStudy[], sizePx: number, ratio: number): Found | undefined {
  for (const passes of records.filter(({ study }) => matches(study.key, { topic: 'unet-sd15', sizePx }))) {
    const ends = records.find(
      ({ study, machine }) =>
        matches(study.key, { topic: 'ends', model: 'sd15', sizePx }) &&
        isSameMachine(machine, passes.machine) &&
        ['tessera', 'torch'].every((side) =>
          study.figures.some((figure) => figure.side === side && figure.times),
        ),
    );
    if (ends === undefined) continue;
    const best = ours(passes.study.figures, 'cpu').filter(
      (figure) => figure.ratio === ratio && !isCached(figure),
    );
    const own = best.toSorted((a, b) => (timeMs(a) ?? Infinity) - (timeMs(b) ?? Infinity))[0];
    const [mine, theirs] = [own, find(passes.study.figures, { side: 'torch', ratio })].map((pass) =>
      wholeMs(pass, find(ends.study.figures, { side: pass?.side ?? 'tessera', provider: 'cpu', ratio: 0 })),
    );
    if (mine === undefined || theirs === undefined) continue;
    const note = `computed: text and decoding + ${STEPS} median U-Net passes, ${seconds(mine)} against ${seconds(theirs)}`;
    return { value: theirs / mine, note: withVariant(own, note), from: [passes, ends] };
  }
  return undefined;
}

/** Steps and ends of a picture, each measured by itself. */
export function wholeMs(pass: Figure | undefined, ends: Figure | undefined): number | undefined {
  const [step, rest] = [pass && timeMs(pass), ends && timeMs(ends)];
  return step === undefined || rest === undefined ? undefined : STEPS * step + rest;
}

function firstOf(
  wanted: StudyKey,
  where: Where,
  find: (figures: readonly Figure[], ours: readonly Figure[]) => Omit<Found, 'from'> | undefined,
): Rule {
  return (records) => {
    for (const record of records) {
      if (!matches(record.study.key, wanted)) continue;
      if (where === 'gpu' && !hasGpu(record)) continue;
      const found = find(record.study.figures, ours(record.study.figures, where));
      if (found !== undefined) return { ...found, from: [record] };
    }
    return undefined;
  };
}

function ours(figures: readonly Figure[], where: Where): Figure[] {
  const isThere = (provider: Provider) => (where === 'cpu') === (provider === 'cpu');
  return figures.filter(({ side, provider }) => side === 'tessera' && isThere(provider));
}

/** Without one, a provider of graphics cards runs on a processor that plays one. */
function hasGpu({ machine }: StoredStudy): boolean {
  return machine['graphics'] !== undefined;
}

function placeOf({ side, provider }: Figure): Pick<Figure, 'side' | 'provider'> {
  return { side, provider };
}

/** Its step cache, as variants.ts names it. */
function cacheOf({ variant = '' }: Figure): string | undefined {
  return /step ?cache [\d/]+/i.exec(variant)?.[0];
}

function isCached(figure: Figure): boolean {
  return cacheOf(figure) !== undefined;
}

function bestCached(
  figures: readonly Figure[],
  ratio: number,
  value: (figure: Figure) => number | undefined,
) {
  return best(
    figures.filter((figure) => figure.ratio === ratio && isCached(figure)),
    value,
  );
}

function bestOf(figures: readonly Figure[], ratio: number, value: (figure: Figure) => number | undefined) {
  return best(
    figures.filter((figure) => figure.ratio === ratio && !isCached(figure)),
    value,
  );
}

/** The best of all ways that were measured, which is named where it is not tomesd's own, with what tomesd's own gives. */
function best(
  figures: readonly Figure[],
  valueOf: (figure: Figure) => number | undefined,
): Omit<Found, 'from'> | undefined {
  const valued = figures.flatMap((figure) => {
    const value = valueOf(figure);
    return value === undefined ? [] : [{ figure, value }];
  });
  const top = valued.toSorted((a, b) => b.value - a.value)[0];
  if (top === undefined) return undefined;
  const plain = valued.find(({ figure }) => figure.variant === cacheOf(figure));
  const beside =
    plain === undefined || plain === top ? undefined : `tomesd's own way: ${plain.value.toFixed(2)}`;
  return { value: top.value, note: withVariant(top.figure, beside) };
}

function withVariant(figure: Figure | undefined, note: string | undefined): string | undefined {
  const words = [figure?.variant, note].filter((word) => word !== undefined);
  return words.length === 0 ? undefined : words.join('; ');
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
