import type { GraphBuilder, Value } from '../graph/builder.ts';
import { gather, scatterAddRows, scatterElements } from '../graph/ops/index.ts';
import { add, cast, div, mul } from '../graph/ops/math.ts';
import { concat, reshape, slice } from '../graph/ops/shape.ts';
import { batchShape } from '../nn/tokens.ts';
import { sizeName, type MergeInputs } from './inputs.ts';
import type { Match } from './match.ts';
import { inverseMap, keptRows } from './unmerge.ts';

/** A match made ready for merging any tensor of the block. */
export interface MergeMap {
  /** int32 [B, S − r] and [B·r]: rows of the kept sources, and of those that are merged. */
  readonly kept: Value;
  readonly merged: Value;
  /** int32 [B·r, 1]: each merged source's row among all destinations. */
  readonly into: Value;
  /** float32 [B·D, 1]: one over the number of tokens in each destination's group. */
  readonly share: Value;
  /** int32 [B, N]: see inverseMap. */
  readonly inverse: Value;
}

export function mergeMap(g: GraphBuilder, match: Match, level: number, inputs: MergeInputs): MergeMap {
  return g.scope('plan', () => {
    const size = (name: string) => sizeName(level, name);
    const { destination, counts } = match;
    const among = add(g, destination, inputs('dstBase'));
    const into = reshape(g, among, [-1, 1], [size('Br'), 1]);
    const ones = slice(g, inputs('srcOnes'), g.ints([0]), counts.mergedRows, 0, size('Br'));
    const members = scatterAddRows(g, inputs('dstOnes'), cast(g, into, 'i64'), ones);
    // A source that left is found again at its destination, one that was kept at a place of its own.
    const rows = concat(
      g,
      [add(g, destination, counts.base), keptRows(g, match, level, inputs)],
      1,
      size('S'),
    );
    return {
      kept: match.kept,
      merged: reshape(g, match.merged, [-1], [size('Br')]),
      into,
      share: div(g, g.floats([1], [], 'f32'), members),
      // Every source's place is written over: `src` only lends its shape.
      inverse: inverseMap(g, scatterElements(g, inputs('src'), match.order, rows, 1), match, inputs),
    };
  });
}

/** Merges every group into the mean of its members, the destination among them.
 *  Source:  arXiv:2303.17604, section 3; tomesd/merge.py@27a14a3, `merge` (scatter_reduce "mean").
 *  Shapes:  rows [B·N, C] f32 → [B·M, C].
 *  Limits:  none.
 *  Differs: the mean is a sum (ScatterND add) times one over a count: no operator scatters means.
 *  Golden:  tests/golden/tome/*, 1e-6 of the largest value. */
export function mergeRows(
  g: GraphBuilder,
  rows: Value,
  map: MergeMap,
  level: number,
  inputs: MergeInputs,
): Value {
  return g.scope('merge', () => {
    const channels = Number(rows.shape[1]);
    const size = (name: string) => sizeName(level, name);
    const dstList = reshape(g, inputs('dst'), [-1], [size('BD')]);
    // Sums are taken in float32: devices add nothing else into place.
    const picked = (list: Value) => cast(g, gather(g, rows, list), 'f32');
    const sums = scatterAddRows(g, picked(dstList), cast(g, map.into, 'i64'), picked(map.merged));
    const means = cast(g, mul(g, sums, map.share), rows.type);
    return joinRows(g, means, gather(g, rows, map.kept), channels, level);
  });
}

/** Destinations [B·D, C], then kept sources [B, S − r, C], sample by sample → rows [B·M, C]. */
export function joinRows(g: GraphBuilder, dst: Value, kept: Value, channels: number, level: number): Value {
  const size = (name: string) => sizeName(level, name);
  const batched = reshape(g, dst, batchShape(g, channels), ['batch', size('D'), channels]);
  const joined = concat(g, [batched, kept], 1, size('M'));
  return reshape(g, joined, [-1, channels], [size('BM'), channels]);
}
