import type { LevelPlan } from './plan.ts';

/**
 * Turns a block's inverse map (token → merged row) into token → representative token, what the heatmap is drawn from.
 * Costs the graph nothing: the host knows where the destinations are, and a kept token stands for itself.
 * @param inverse int64 [B, N] as it left the graph.
 * @returns [B, N]; −1 for a pruned token.
 */
export function representatives(plan: LevelPlan, inverse: BigInt64Array): Int32Array {
  const n = plan.gridH * plan.gridW;
  const left = n - plan.merged;
  const map = new Int32Array(plan.partitions.length * n);
  plan.partitions.forEach(({ dst, src }, b) => {
    const kept = src.length - plan.merged;
    for (let token = 0; token < n; token++) {
      const row = Number(inverse[b * n + token]);
      const own = row - b * left;
      const pruned = row === plan.partitions.length * left;
      map[b * n + token] = pruned ? -1 : own < kept ? token : (dst[own - kept] ?? -1);
    }
  });
  return map;
}
