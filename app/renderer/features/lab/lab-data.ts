import { mergingKey } from '#contract/merging-key.ts';
import { noMerging, type MergingOptions, type StepCache } from '#contract/request.ts';
import type { Spread, Statistic } from '#contract/studio/history.ts';
import { toneOf, type Tone } from '../compare/figures.ts';

/** What was measured, arranged for plots: one panel a size, one line a model and way of merging. */

export const metrics = ['time', 'speedup', 'memory', 'likeness'] as const;
export type Metric = (typeof metrics)[number];

/** Steps with scheduler, and provider with device and precision, are one choice each: times of different ones do not lie on one line. */
export interface Chosen {
  readonly modelId: string | null;
  readonly size: string | null;
  readonly setting: string | null;
  readonly place: string | null;
}

export interface Point {
  readonly key: string;
  readonly statistic: Statistic;
  readonly value: number;
  readonly spread: Spread | null;
}
export interface Line {
  readonly key: string;
  readonly modelName: string;
  /** How it merges; its ratio is that of any of its points. */
  readonly merging: MergingOptions;
  readonly stepCache: StepCache | undefined;
  /** From the lowest ratio to the highest. */
  readonly points: readonly Point[];
}
export interface Panel {
  readonly size: string;
  readonly widthPx: number;
  readonly heightPx: number;
  readonly pictures: number;
  readonly lines: readonly Line[];
}

export const sizeOf = ({ widthPx, heightPx }: Pick<Statistic, 'widthPx' | 'heightPx'>): string =>
  `${widthPx} × ${heightPx}`;
export const settingOf = ({ steps, scheduler }: Pick<Statistic, 'steps' | 'scheduler'>): string =>
  `${steps} ${scheduler}`;

export function statisticKey(statistic: Statistic): string {
  const { modelId, merging, stepCache } = statistic;
  return JSON.stringify([
    modelId,
    sizeOf(statistic),
    settingOf(statistic),
    placeKey(statistic),
    mergingKey(merging, stepCache),
  ]);
}

/** Everything of a setting but how much it merges. */
export function familyKey(merging: MergingOptions, stepCache?: StepCache): string {
  const { ratioEnd, ...rest } = merging;
  return mergingKey({ ...rest, ratio: 1, ...(ratioEnd === undefined ? {} : { ratioEnd }) }, stepCache);
}

/** The unmerged one beside it: same model, size, steps, scheduler and place. */
export function plainOf(statistic: Statistic, all: readonly Statistic[]): Statistic | undefined {
  const beside = statisticKey({ ...statistic, merging: noMerging, stepCache: undefined });
  return all.find((each) => statisticKey(each) === beside);
}

/** Time of a step without merging over that with it; null where one of them was not measured. */
export function speedupOf(statistic: Statistic, all: readonly Statistic[]): number | null {
  const plain = plainOf(statistic, all);
  return plain === undefined || statistic.stepMs === 0 ? null : plain.stepMs / statistic.stepMs;
}

/** Better or worse only where the middle halves of the step times lie apart, and further than one measurement varies by. */
export function gainTone(statistic: Statistic, all: readonly Statistic[]): Tone {
  const tone = toneOf(speedupOf(statistic, all));
  const own = statistic.stepSpreadMs;
  const plain = plainOf(statistic, all)?.stepSpreadMs;
  if (own === null || plain == null) return tone;
  const isApart = tone === 'good' ? own.high < plain.low : own.low > plain.high;
  return isApart ? tone : 'plain';
}

interface Facet {
  readonly value: string;
  readonly pictures: number;
}

/** The values there are, those with most pictures first. */
export function facet(statistics: readonly Statistic[], of: (statistic: Statistic) => string): Facet[] {
  const groups = Object.entries(Object.groupBy(statistics, of));
  return groups
    .map(([value, group = []]) => ({
      value,
      pictures: group.reduce((sum, { pictures }) => sum + pictures, 0),
    }))
    .toSorted((a, b) => b.pictures - a.pictures);
}

export const placeKey = ({ provider, device, precision }: Statistic): string =>
  [provider, precision, device].map((each) => each ?? '').join(' ');

/** The choice as it holds: what was not chosen, or is not there any more, is what was measured most. */
export function settle(chosen: Chosen, statistics: readonly Statistic[]): Chosen {
  const known = (value: string | null, of: (statistic: Statistic) => string): string | null =>
    value !== null && statistics.some((each) => of(each) === value) ? value : null;
  const modelId = known(chosen.modelId, (each) => each.modelId);
  const own = modelId === null ? statistics : statistics.filter((each) => each.modelId === modelId);
  const most = (of: (statistic: Statistic) => string): string | null => facet(own, of)[0]?.value ?? null;
  return {
    modelId,
    size: own.some((each) => sizeOf(each) === chosen.size) ? chosen.size : null,
    setting: own.some((each) => settingOf(each) === chosen.setting) ? chosen.setting : most(settingOf),
    place: own.some((each) => placeKey(each) === chosen.place) ? chosen.place : most(placeKey),
  };
}

export function select(
  statistics: readonly Statistic[],
  { modelId, size, setting, place }: Chosen,
): Statistic[] {
  return statistics.filter(
    (each) =>
      (modelId === null || each.modelId === modelId) &&
      (size === null || sizeOf(each) === size) &&
      settingOf(each) === setting &&
      placeKey(each) === place,
  );
}

export function panelsOf(selected: readonly Statistic[], metric: Metric): Panel[] {
  return Object.entries(Object.groupBy(selected, sizeOf))
    .flatMap(([size, group = []]): Panel[] => {
      const [first] = group;
      if (first === undefined) return [];
      const { widthPx, heightPx } = first;
      const pictures = group.reduce((sum, each) => sum + each.pictures, 0);
      return [{ size, widthPx, heightPx, pictures, lines: linesOf(group, metric) }];
    })
    .toSorted((a, b) => a.widthPx * a.heightPx - b.widthPx * b.heightPx);
}

function linesOf(group: readonly Statistic[], metric: Metric): Line[] {
  const isPlain = ({ merging, stepCache }: Statistic): boolean => mergingKey(merging, stepCache) === 'none';
  const merged = Object.entries(
    Object.groupBy(
      group.filter((each) => !isPlain(each)),
      ({ modelId, merging, stepCache }) => `${modelId} ${familyKey(merging, stepCache)}`,
    ),
  );
  const alone = group
    .filter(
      (each) => isPlain(each) && !group.some((other) => !isPlain(other) && other.modelId === each.modelId),
    )
    .map((each): [string, Statistic[]] => [`${each.modelId} ${familyKey(noMerging)}`, [each]]);
  return [...merged, ...alone]
    .flatMap(([key, members = []]): Line[] => {
      const [first] = members;
      if (first === undefined) return [];
      const plain = group.filter(
        (each) => isPlain(each) && each.modelId === first.modelId && !members.includes(each),
      );
      const points = [...plain, ...members]
        .toSorted((a, b) => a.ratio - b.ratio)
        .flatMap((statistic) => pointOf(statistic, group, metric));
      const { modelName, merging, stepCache } = first;
      return [{ key, modelName, merging, stepCache, points }];
    })
    .toSorted((a, b) => b.points.length - a.points.length || a.key.localeCompare(b.key));
}

function pointOf(statistic: Statistic, group: readonly Statistic[], metric: Metric): Point[] {
  const { totalMs, totalSpreadMs, peakBytes, peakSpreadBytes, psnrDb } = statistic;
  const point = (value: number | null, spread: Spread | null, unit: number): Point[] =>
    value === null
      ? []
      : [
          {
            key: statisticKey(statistic),
            statistic,
            value: value / unit,
            spread: spread === null ? null : { low: spread.low / unit, high: spread.high / unit },
          },
        ];
  switch (metric) {
    case 'time':
      return point(totalMs, totalSpreadMs, 1000);
    case 'speedup':
      return point(speedupOf(statistic, group), null, 1);
    case 'memory':
      return point(peakBytes, peakSpreadBytes, 1e6);
    case 'likeness':
      return point(psnrDb, null, 1);
  }
}

/** The largest value of all panels, spreads with it: they share one scale. */
export function largestValue(panels: readonly Panel[]): number {
  return Math.max(
    0,
    ...panels.flatMap(({ lines }) =>
      lines.flatMap(({ points }) => points.map(({ value, spread }) => Math.max(value, spread?.high ?? 0))),
    ),
  );
}

/** Columns for uPlot: all ratios, then one column a line with null where it has no point. */
export function columnsOf(lines: readonly Line[]): [number[], ...(number | null)[][]] {
  const ratios = [
    ...new Set(lines.flatMap(({ points }) => points.map(({ statistic }) => statistic.ratio))),
  ].toSorted((a, b) => a - b);
  return [
    ratios,
    ...lines.map(({ points }) =>
      ratios.map((ratio) => points.find(({ statistic }) => statistic.ratio === ratio)?.value ?? null),
    ),
  ];
}
