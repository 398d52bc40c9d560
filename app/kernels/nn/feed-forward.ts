import type { GraphBuilder, Value } from '../graph/builder.ts';
import { gelu, mul } from '../graph/ops/math.ts';
import { linear } from './linear.ts';

/** Hidden width of SD's feed-forward layers, in multiples of the block's. */
const WIDENING = 4;

/** GEGLU feed-forward (Shazeer 2020, arXiv 2002.05202): rows [R, C] → [R, C]. */
export function feedForward(g: GraphBuilder, x: Value, name: string): Value {
  const channels = Number(x.shape[1]);
  return g.scope('ff', () => {
    // The projection's weight holds value above gate. Two products, each on its half of the bytes, spare a split.
    const half = (index: 0 | 1) =>
      linear(g, x, `${name}.net.0.proj`, channels * WIDENING, { part: { index, count: 2 } });
    const [value, gate] = [half(0), half(1)];
    return linear(g, mul(g, value, gelu(g, gate)), `${name}.net.2`, channels);
  });
}
