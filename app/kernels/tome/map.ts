import type { LevelPlan } from './plan.ts';
import type { MergeMode } from './structure.ts';

/**
 * Turns a block's inverse map (token → merged row) into token → representative token, what the heatmap is drawn from.
 * Costs the graph nothing: the host knows where the destinations are, and a kept token stands for itself.
 * @param inverse int32 [B, N] as it left the graph.
 * @returns [B, N]; −1 for a pruned token.
 */
export function representatives(plan: LevelPlan, inverse: Int32Array, mode: MergeMode): Int32Array {
  const n = plan.gridH * plan.gridW;
  const left = n - plan.merged;
  const map = new Int32Array(plan.partitions.length * n);
  plan.partitions.forEach(({ dst }, b) => {
    for (let token = 0; token < n; token++) {
      const row = inverse[b * n + token] ?? 0;
      // When pruning, row 0 is the zeros that stand for what is gone.
      const own = mode === 'prune' ? row - 1 - b * left : row - b * left;
      const pruned = mode === 'prune' && row === 0;
      map[b * n + token] = pruned ? -1 : (dst[own] ?? token);
    }
  });
  return map;
}
