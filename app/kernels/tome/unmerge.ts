import type { GraphBuilder, Value } from '../graph/builder.ts';
import { gather } from '../graph/ops/index.ts';
import { add } from '../graph/ops/math.ts';
import { sliceNumbers } from '../graph/ops/numbers.ts';
import { concat, reshape } from '../graph/ops/shape.ts';
import { sizeName, type MergeInputs } from './inputs.ts';
import type { Match } from './match.ts';

/** int32 [B, S − r]: the merged row of each source that stays. They stand behind the destinations, most similar first. */
export function keptRows(g: GraphBuilder, match: Match, level: number, inputs: MergeInputs): Value {
  const { kept, base } = match.counts;
  return add(g, sliceNumbers(g, inputs('keptPlaces'), g.ints([0]), kept, 1, sizeName(level, 'kept')), base);
}

/** The merged row that stands for each token: the inverse map, and what the heatmap is drawn from.
 *  Source:  tomesd/merge.py@27a14a3, `unmerge`, with its three scatters turned into one index list.
 *  Shapes:  sourceRows int32 [B, Q] (the merged row of each source by its number) → int32 [B, N].
 *  Limits:  none.
 *  Golden:  tests/golden/tome/* through `unmerged`. */
export function inverseMap(g: GraphBuilder, sourceRows: Value, match: Match, inputs: MergeInputs): Value {
  return g.scope('inverse', () => {
    const flat = (x: Value) => reshape(g, x, [-1], ['entries']);
    const dstRows = add(g, inputs('dstPlaces'), match.counts.base);
    return gather(g, concat(g, [flat(sourceRows), flat(dstRows)], 0, 'entries'), inputs('place'));
  });
}

/** Rows [B·M, C] → [B·N, C]: every token takes the value of the row that stands for it. One gather. */
export function unmergeRows(g: GraphBuilder, merged: Value, inverse: Value, rows: string): Value {
  return g.scope('unmerge', () => {
    const channels = Number(merged.shape[1]);
    return reshape(g, gather(g, merged, inverse), [-1, channels], [rows, channels]);
  });
}
