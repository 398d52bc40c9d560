import type { GraphBuilder, Value } from '../graph/builder.ts';
import { gather, scatterElements } from '../graph/ops/index.ts';
import { concat, reshape } from '../graph/ops/shape.ts';
import { sizeName, type MergeInputs } from './inputs.ts';
import type { Match } from './match.ts';
import { joinRows } from './merge.ts';
import { inverseMap, keptRows, unmergeRows } from './unmerge.ts';

/** A match made ready for pruning. */
export interface PruneMap {
  /** int32 [B, S − r]: rows of the kept sources. */
  readonly kept: Value;
  /** int32 [B, N]: merged row of each token, counted from 1; 0 for a pruned one. */
  readonly inverse: Value;
}

export function pruneMap(g: GraphBuilder, match: Match, level: number, inputs: MergeInputs): PruneMap {
  return g.scope('plan', () => {
    const rows = keptRows(g, match, level, inputs);
    const bySource = scatterElements(g, inputs('prunedRows'), match.stays, rows, 1);
    return { kept: match.kept, inverse: inverseMap(g, bySource, match, inputs) };
  });
}

/** Leaves out the r sources that merging would merge; nothing takes up their value.
 *  Source:  arXiv:2303.17604, section 3 and figure 4 (what merging is compared with).
 *  Shapes:  rows [B·N, C] f32 → [B·M, C].
 *  Limits:  none.
 *  Differs: the paper prunes at random; here the same tokens go as in merging, so that the two compare like with like.
 *  Golden:  none (no peer prunes); app/kernels/reference. */
export function pruneRows(
  g: GraphBuilder,
  rows: Value,
  map: PruneMap,
  level: number,
  inputs: MergeInputs,
): Value {
  return g.scope('prune', () => {
    const channels = Number(rows.shape[1]);
    const dstList = reshape(g, inputs('dst'), [-1], [sizeName(level, 'BD')]);
    return joinRows(g, gather(g, rows, dstList), gather(g, rows, map.kept), channels, level);
  });
}

/** Rows [B·M, C] → [B·N, C]; a pruned token gets zeros, so the residual connection leaves it as it was. */
export function unpruneRows(g: GraphBuilder, rows: Value, map: PruneMap, outRows: string): Value {
  return g.scope('unprune', () => {
    const channels = Number(rows.shape[1]);
    const zeros = g.floats(Array<number>(channels).fill(0), [1, channels]);
    return unmergeRows(g, concat(g, [zeros, rows], 0, '1+BM'), map.inverse, outRows);
  });
}
