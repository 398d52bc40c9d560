import type { GraphBuilder, Value } from '../graph/builder.ts';
import { reduceMaxLast } from '../graph/ops/index.ts';
import { add, atLeast, cast, min, mul, reduceSumLast, sub } from '../graph/ops/math.ts';
import { reshape } from '../graph/ops/shape.ts';
import type { MergeInputs } from './inputs.ts';

/** All that depends on r, the number merged. Everything else of a match serves any r. */
export interface MergeCounts {
  /** int64 [1]: r, S − r and B·r. */
  readonly merged: Value;
  readonly kept: Value;
  readonly mergedRows: Value;
  /** int32 [B, 1]: the first merged row of each sample. */
  readonly base: Value;
}

/** r as the host has it from the ratio. A graph declares only what it reads, so each is an input when it is first asked for. */
export function countsOfRatio(inputs: MergeInputs): MergeCounts {
  return {
    get merged() {
      return inputs('mergedCount');
    },
    get kept() {
      return inputs('keptCount');
    },
    get mergedRows() {
      return inputs('mergedRows');
    },
    get base() {
      return inputs('base');
    },
  };
}

/**
 * r from a likeness that sources must reach: as many as the sample with the most of them has, but no more than the host
 * allows (`mergedCount`, and the other counts made for it). On a device these few numbers are the host's, which the runtime
 * moves there and back: shapes follow from them. Source: ca_tome/merge.py@ee10d38.
 */
export function countsOfThreshold(g: GraphBuilder, likeness: Value, inputs: MergeInputs): MergeCounts {
  return g.scope('counts', () => {
    const reached = cast(g, atLeast(g, likeness, inputs('threshold')), 'f32');
    const most = reduceMaxLast(g, reshape(g, reduceSumLast(g, reached), [1, -1], [1, 'batch']));
    const merged = min(g, cast(g, most, 'i64'), inputs('mergedCount'));
    const fewer = sub(g, inputs('mergedCount'), merged);
    return {
      merged,
      kept: sub(g, inputs('srcCount'), merged),
      mergedRows: mul(g, merged, inputs('sampleCount')),
      base: add(g, inputs('base'), mul(g, inputs('samples'), cast(g, fewer, 'i32'))),
    };
  });
}
