import type { GraphBuilder, Value } from '../graph/builder.ts';
import { gelu, mul } from '../graph/ops/math.ts';
import { halves } from '../graph/ops/shape.ts';
import { linear } from './linear.ts';

/** Hidden width of SD's feed-forward layers, in multiples of the block's. */
const WIDENING = 4;

/** GEGLU feed-forward (Shazeer 2020, arXiv 2002.05202): rows [R, C] → [R, C]. */
export function feedForward(g: GraphBuilder, x: Value, name: string): Value {
  const channels = Number(x.shape[1]);
  return g.scope('ff', () => {
    const [value, gate] = halves(g, linear(g, x, `${name}.net.0.proj`, channels * WIDENING * 2));
    return linear(g, mul(g, value, gelu(g, gate)), `${name}.net.2`, channels);
  });
}
