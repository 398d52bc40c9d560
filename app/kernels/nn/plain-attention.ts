import type { GraphBuilder, Value } from '../graph/builder.ts';
import { matMul, mul } from '../graph/ops/math.ts';
import { softmaxLast } from '../graph/ops/nn.ts';
import { reshape, transpose } from '../graph/ops/shape.ts';

/**
 * Attention as products and a softmax, for devices whose fused one is wrong; all scores at once, so it needs their memory.
 * q [B, N, C], k and v [B, M, C] → [B, N, C], scaled by 1/√(C / heads).
 */
export function plainAttention(g: GraphBuilder, q: Value, k: Value, v: Value, headCount: number): Value {
  return g.scope('plain', () => {
    const channels = Number(q.shape[2]);
    const width = channels / headCount;
    // Queries and values [B, heads, N, width], keys [B, heads, width, M].
    const heads = (x: Value, order: readonly number[]) =>
      transpose(
        g,
        reshape(g, x, [0, -1, headCount, width], [x.shape[0] ?? 1, x.shape[1] ?? 1, headCount, width]),
        order,
      );
    const scaled = mul(g, q, g.floats([1 / Math.sqrt(width)], []));
    const scores = matMul(g, heads(scaled, [0, 2, 1, 3]), heads(k, [0, 2, 3, 1]));
    const mixed = matMul(g, softmaxLast(g, scores), heads(v, [0, 2, 1, 3]));
    return reshape(g, transpose(g, mixed, [0, 2, 1, 3]), [0, -1, channels], q.shape);
  });
}
