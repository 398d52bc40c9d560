import { join } from 'node:path';
import { readFloats } from './inputs.ts';
import type { Point, Work } from './protocol.ts';
import { figureName, type Figure, type Peak, type Study, type StudyKey } from './results.ts';
import { timeInRounds } from './rounds.ts';
import { startSide } from './sides.ts';
import { difference, spread, type Difference } from './statistics.ts';
import { appliesTo, plain, type Variant } from './variants.ts';
import { wholePictureMs } from './whole-picture.ts';
import { nameOf, type Contender, type Ran, type Worker } from './worker.ts';

/** What one study compares, and what it needs for it. */
export interface Plan {
  readonly key: StudyKey;
  readonly title: string;
  readonly work: Work;
  readonly ratios: readonly number[];
  /** Absent: tomesd's own ways alone. */
  readonly variants?: readonly Variant[] | undefined;
  readonly rounds: number;
  /** Steps of the picture that is told, where fewer are run. */
  readonly wholeSteps?: number;
  readonly sameWorkLimit: number;
  readonly notes: readonly string[];
}

export interface Bench {
  readonly contenders: readonly Contender[];
  readonly python: string;
  readonly threads: number;
  /** For inputs and outputs. */
  readonly folder: string;
  /** Takes each line's memory as well, from a fresh process. */
  readonly peaks: boolean;
  /** The sides' outputs are compared before they are timed. */
  readonly compares: boolean;
  /** Studies with a run longer than LONG_MS are timed without a round that warms up. */
  readonly coldWhenLong: boolean;
  readonly say: (text: string) => void;
  /** Versions that the workers report are gathered here. */
  readonly versions: Record<string, string>;
}

interface Entry {
  readonly contender: Contender;
  readonly ratio: number;
  readonly variant: Variant;
}

/** For float32 outputs. */
export const FLOAT_LIMIT = 1e-3;
export const LONG_MS = 30_000;

/**
 * Compares the sides' outputs, times them in turn, and takes each configuration's memory from a process that did nothing else.
 * A side that fails is left out and says why; the others go on.
 */
export async function measure(bench: Bench, plan: Plan): Promise<Study> {
  const failures: Failures = new Map();
  const { differences, timed, isCold } = await compareAndTime(bench, plan, failures);
  const figures: Figure[] = [];
  for (const entry of entriesOf(plan, bench.contenders)) {
    const { contender, ratio, variant } = entry;
    const failure = failureOf(failures, entry);
    figures.push({
      ...contender,
      ratio,
      ...(variant.name === '' ? {} : { variant: variant.name }),
      ...timed.find(({ key }) => isSame(key, entry))?.figure,
      ...(variant.name === '' ? differences.get(contender)?.get(ratio) : undefined),
      ...(failure === undefined ? await peakAlone(bench, plan, entry) : { failure }),
    });
  }
  const { key, title, sameWorkLimit } = plan;
  const notes = [
    ...plan.notes,
    ...(isCold ? [`A run takes longer than ${LONG_MS / 1000} s: timed without a round that warms up.`] : []),
    ...(bench.contenders.length > 1 && !bench.compares
      ? ["The sides' outputs were not compared in this run."]
      : []),
  ];
  return { key, title, figures, sameWorkLimit, notes };
}

/** Names of the figures that a study with these will have. */
export function wantedFigures(
  { contenders }: Bench,
  ratios: readonly number[],
  variants: readonly Variant[] = [plain],
): string[] {
  return entriesOf({ ratios, variants }, contenders).map(({ contender, ratio, variant }) =>
    figureName({ ...contender, ratio, variant: variant.name }),
  );
}

function entriesOf(
  { ratios, variants = [plain] }: Pick<Plan, 'ratios' | 'variants'>,
  contenders: readonly Contender[],
): Entry[] {
  return ratios.flatMap((ratio) =>
    variants.flatMap((variant) =>
      contenders
        .filter((contender) => appliesTo(variant, ratio, contender))
        .map((contender) => ({ contender, ratio, variant })),
    ),
  );
}

function isSame(a: Entry, b: Entry): boolean {
  return a.contender === b.contender && a.ratio === b.ratio && a.variant === b.variant;
}

interface Timed {
  readonly key: Entry;
  readonly figure: Pick<Figure, 'times' | 'whole'>;
}

interface Timings {
  readonly differences: ReadonlyMap<Contender, ReadonlyMap<number, { readonly difference: Difference }>>;
  readonly timed: readonly Timed[];
  readonly isCold: boolean;
}

/** Of a contender as a whole, or of one of its variants. */
type Failures = Map<Contender | string, string>;
type Workers = ReadonlyMap<Contender, Worker>;

async function compareAndTime(bench: Bench, plan: Plan, failures: Failures): Promise<Timings> {
  const workers = new Map<Contender, Worker>();
  try {
    for (const contender of bench.contenders) {
      try {
        workers.set(contender, await prepared(bench, plan, contender));
      } catch (error) {
        failures.set(contender, words(error));
      }
    }
    const differences = await compareOutputs(bench, plan, workers, failures);
    return { differences, ...(await time(bench, plan, workers, failures)) };
  } finally {
    await Promise.all([...workers.values()].map((worker) => worker.stop()));
  }
}

async function prepared(bench: Bench, plan: Plan, contender: Contender): Promise<Worker> {
  bench.say(`${plan.title}: ${nameOf(contender)} gets ready`);
  const worker = startSide(contender, plan.work.kind, bench.python);
  try {
    Object.assign(bench.versions, await worker.prepare(plan.work, bench.threads));
    return worker;
  } catch (error) {
    await worker.stop();
    throw error;
  }
}

/** Outputs with fixed destinations, ratio by ratio, against those of the last contender: the peers', where they take part. */
async function compareOutputs(
  bench: Bench,
  plan: Plan,
  workers: Workers,
  failures: Failures,
): Promise<Map<Contender, Map<number, { difference: Difference }>>> {
  const gaps = new Map<Contender, Map<number, { difference: Difference }>>();
  if (workers.size < 2 || !bench.compares) return gaps;
  for (const ratio of plan.ratios) {
    bench.say(`${plan.title}: outputs at ratio ${ratio} are compared`);
    const outputs: { contender: Contender; data: Float32Array }[] = [];
    for (const [contender, worker] of workers) {
      if (failures.has(contender)) continue;
      const saveTo = join(bench.folder, `output-${globalThis.crypto.randomUUID()}.safetensors`);
      try {
        await worker.run(pointOf({ contender, ratio, variant: plain }, true, 0), saveTo);
        outputs.push({ contender, data: (await readFloats(saveTo, ['output'])).output.data });
      } catch (error) {
        failures.set(contender, words(error));
      }
    }
    const reference = outputs.pop();
    if (reference === undefined) continue;
    for (const { contender, data } of outputs) {
      const known = gaps.get(contender) ?? new Map<number, { difference: Difference }>();
      gaps.set(contender, known.set(ratio, { difference: difference(data, reference.data) }));
    }
  }
  return gaps;
}

async function time(
  bench: Bench,
  plan: Plan,
  workers: Workers,
  failures: Failures,
): Promise<Omit<Timings, 'differences'>> {
  const wholes = new Map<Entry, { readonly round: number; readonly ms: number }[]>();
  const entries = entriesOf(plan, [...workers.keys()]).map((key) => ({
    key,
    run: async (round: number) => {
      if (failureOf(failures, key) !== undefined) return NaN;
      try {
        const ran = await workers.get(key.contender)?.run(pointOf(key, false, round));
        const told = wholeOf(plan, key, ran).map((ms) => ({ round, ms }));
        wholes.set(key, [...(wholes.get(key) ?? []), ...told]);
        return ran?.tookMs ?? NaN;
      } catch (error) {
        failures.set(key.variant.name === '' ? key.contender : lineOf(key), words(error));
        return NaN;
      }
    },
  }));
  // Comparing the outputs has run everything once, but for what only a variant needs.
  const hasVariants = (plan.variants ?? []).some(({ name }) => name !== '');
  const { timed, isCold } = await timeInRounds(entries, {
    rounds: plan.rounds,
    isWarm: workers.size > 1 && bench.compares && !hasVariants,
    ...(bench.coldWhenLong ? { coldAboveMs: LONG_MS } : {}),
    onRound: (round) => {
      bench.say(`${plan.title}: ${round === 0 ? 'warm-up' : `round ${round} of ${plan.rounds}`}`);
    },
  });
  const found = timed
    .filter(({ key }) => failureOf(failures, key) === undefined)
    .map(({ key, times }) => {
      // The round that warms up counts where it is taken for the first.
      const counted = wholes.get(key)?.filter(({ round }) => round > 0 || isCold);
      return {
        key,
        figure: {
          times,
          ...told(
            plan,
            counted?.map(({ ms }) => ms),
          ),
        },
      };
    });
  return { timed: found, isCold };
}

function failureOf(failures: Failures, entry: Entry): string | undefined {
  return failures.get(entry.contender) ?? failures.get(lineOf(entry));
}

function lineOf({ contender, variant }: Entry): string {
  return `${nameOf(contender)} ${variant.name}`;
}

function pointOf({ ratio, variant }: Entry, fixed: boolean, step: number): Point {
  const { merging, stepCache, precision } = variant;
  return {
    ratio,
    fixed,
    step,
    merging: { ...merging, ...(fixed ? { partition: 'cells-fixed' } : {}) },
    ...(stepCache === undefined ? {} : { stepCache }),
    ...(precision === undefined ? {} : { precision }),
  };
}

/** After so many steps everything that is kept from step to step has been made anew at once. */
function stepsInRound({ stepCache, merging }: Variant): number {
  const [a, b] = [stepCache?.interval ?? 1, merging.matchEvery];
  let steps = a;
  while (steps % b !== 0) steps += a;
  return steps;
}

function wholeOf({ wholeSteps }: Plan, { variant }: Entry, ran: Ran | undefined): number[] {
  if (wholeSteps === undefined || ran?.stepEndsMs === undefined) return [];
  return [wholePictureMs(ran.tookMs, ran.stepEndsMs, wholeSteps, stepsInRound(variant))];
}

function told({ wholeSteps }: Plan, wholes: readonly number[] = []): Pick<Figure, 'whole'> {
  return wholeSteps === undefined || wholes.length === 0
    ? {}
    : { whole: { steps: wholeSteps, ms: spread(wholes).median } };
}

/** The peak of a process that loads what the ratio needs and makes one run. */
async function peakAlone(bench: Bench, plan: Plan, entry: Entry): Promise<{ peak?: Peak; failure?: string }> {
  if (!bench.peaks) return {};
  const work = plan.work.kind === 'unet' ? { ...plan.work, holdsOne: false } : plan.work;
  try {
    const title = `${plan.title}, memory at ratio ${entry.ratio}`;
    const worker = await prepared(bench, { ...plan, work, title }, entry.contender);
    try {
      await worker.run(pointOf(entry, false, 0));
      return { peak: await worker.peak() };
    } finally {
      await worker.stop();
    }
  } catch (error) {
    return { failure: words(error) };
  }
}

export function words(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
