import type { MergingOptions } from './request.ts';

/** Equal for requests that merge alike. Without merging every other option is idle, so they all share one. */
export function mergingKey(merging: MergingOptions): string {
  if (merging.ratio === 0 && (merging.ratioEnd ?? 0) === 0) return 'none';
  const entries = Object.entries(merging).filter(([, value]) => value !== undefined);
  entries.sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify(entries);
}
