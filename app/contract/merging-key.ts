import { formatStepCache } from './step-cache-text.ts';
import type { MergingOptions, StepCache } from './request.ts';

/**
 * Equal for requests that save work alike, by merging and by step caching. Without merging every other option of it is
 * idle, so they all share one.
 */
export function mergingKey(merging: MergingOptions, stepCache?: StepCache): string {
  const cache = stepCache === undefined ? [] : [`cache ${formatStepCache(stepCache)}`];
  if (merging.ratio === 0 && (merging.ratioEnd ?? 0) === 0) return cache[0] ?? 'none';
  const entries = Object.entries(merging).filter(([, value]) => value !== undefined);
  entries.sort(([a], [b]) => (a < b ? -1 : 1));
  return [JSON.stringify(entries), ...cache].join(' ');
}
