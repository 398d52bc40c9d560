import type { GraphBuilder, Value } from '../graph/builder.ts';
import { gather, scatterElements } from '../graph/ops/index.ts';
import { concat, reshape } from '../graph/ops/shape.ts';
import { sizeName, type MergeInputs } from './inputs.ts';

/** The merged row that stands for each token: the inverse map, and what the heatmap is drawn from.
 *  Source:  tomesd/merge.py@27a14a3, `unmerge`, with its three scatters turned into one index list.
 *  Shapes:  order [B, S], goneRows [B, r] (where the tokens that left are found again) → int64 [B, N].
 *  Limits:  none.
 *  Golden:  tests/golden/tome/* through `unmerged`. */
export function inverseMap(
  g: GraphBuilder,
  order: Value,
  goneRows: Value,
  level: number,
  inputs: MergeInputs,
): Value {
  return g.scope('inverse', () => {
    // In the order of likeness the sources that left come first, then those that were kept.
    const rows = concat(g, [goneRows, inputs('keptRows')], 1, sizeName(level, 'S'));
    // `order` is a permutation, so every one of its places is written over: it only lends its shape.
    const bySource = scatterElements(g, order, order, rows, 1);
    const flat = (x: Value) => reshape(g, x, [-1], ['entries']);
    const all = concat(g, [flat(bySource), flat(inputs('dstRows'))], 0, 'entries');
    return gather(g, all, inputs('place'));
  });
}

/** Rows [B·M, C] → [B·N, C]: every token takes the value of the row that stands for it. One gather. */
export function unmergeRows(g: GraphBuilder, merged: Value, inverse: Value, rows: string): Value {
  return g.scope('unmerge', () => {
    const channels = Number(merged.shape[1]);
    return reshape(g, gather(g, merged, inverse), [-1, channels], [rows, channels]);
  });
}
