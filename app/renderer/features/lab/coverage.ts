import { noMerging } from '#contract/request.ts';
import type { Statistic } from '#contract/studio/history.ts';
import type { ModelEntry } from '#contract/studio/models.ts';
import { familyKey, settingOf } from './lab-data.ts';

/** What was measured of a model, and what was not: a row a size, a column a ratio. */

export const rungs = [0, 0.25, 0.5, 0.6, 0.75] as const;

export interface CoverageRow {
  readonly widthPx: number;
  readonly heightPx: number;
  /** Pictures measured at each rung. */
  readonly pictures: readonly number[];
  readonly missing: readonly number[];
}

interface Size {
  readonly widthPx: number;
  readonly heightPx: number;
}

/** At the model's own steps and scheduler: what Measure makes. */
export function coverageOf(
  model: Pick<ModelEntry, 'id' | 'defaults'>,
  statistics: readonly Statistic[],
  also: readonly Size[],
): CoverageRow[] {
  const { defaults } = model;
  if (defaults === null) return [];
  const own = statistics.filter(
    (each) => each.modelId === model.id && settingOf(each) === settingOf(defaults) && isUsual(each),
  );
  const sizes = [...own, defaults, ...also].map(({ widthPx, heightPx }) => ({ widthPx, heightPx }));
  const distinct = sizes.filter((size, i) => sizes.findIndex((other) => sameSize(other, size)) === i);
  return distinct
    .toSorted((a, b) => a.widthPx * a.heightPx - b.widthPx * b.heightPx || a.widthPx - b.widthPx)
    .map((size) => {
      const pictures = rungs.map((ratio) =>
        own
          .filter((each) => sameSize(each, size) && each.ratio === ratio)
          .reduce((sum, each) => sum + each.pictures, 0),
      );
      return { ...size, pictures, missing: rungs.filter((_, i) => pictures[i] === 0) };
    });
}

/** No merging, or the usual one. */
function isUsual({ merging, ratio, stepCache }: Statistic): boolean {
  if (stepCache !== undefined) return false;
  return (ratio === 0 && merging.ratioEnd === undefined) || familyKey(merging) === familyKey(noMerging);
}

function sameSize(a: Size, b: Size): boolean {
  return a.widthPx === b.widthPx && a.heightPx === b.heightPx;
}
