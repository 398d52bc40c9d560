import type { GraphBuilder, Value } from '../graph/builder.ts';
import { multiHeadAttention } from '../graph/ops/nn.ts';
import { linear } from './linear.ts';
import { plainAttention } from './plain-attention.ts';
import { batchToRows, rowsToBatch } from './tokens.ts';

/** Names of the projections under an attention's name, which differ between diffusers' nets and transformers' CLIP. */
export interface ProjectionNames {
  readonly q: string;
  readonly k: string;
  readonly v: string;
  readonly out: string;
}
export const diffusersProjections: ProjectionNames = { q: 'to_q', k: 'to_k', v: 'to_v', out: 'to_out.0' };
export const clipProjections: ProjectionNames = { q: 'q_proj', k: 'k_proj', v: 'v_proj', out: 'out_proj' };

export interface AttentionBlockOptions {
  readonly headCount: number;
  readonly names: ProjectionNames;
  /** Queries, keys and values have a bias (CLIP, VAE); the output always has one. */
  readonly projectionBias: boolean;
  readonly causal?: boolean;
}

/** Attention of rows x [B·N, C] over rows `context` [B·M, C'] (x itself: self-attention) → [B·N, C]. */
export function attention(
  g: GraphBuilder,
  x: Value,
  context: Value,
  name: string,
  options: AttentionBlockOptions,
): Value {
  const { names, headCount, projectionBias, causal } = options;
  const channels = Number(x.shape[1]);
  return g.scope(name.slice(name.lastIndexOf('.') + 1), () => {
    const project = (from: Value, part: string, count: string) =>
      rowsToBatch(g, linear(g, from, `${name}.${part}`, channels, { bias: projectionBias }), count);
    const q = project(x, names.q, 'queries');
    const k = project(context, names.k, 'keys');
    const v = project(context, names.v, 'keys');
    const mixed =
      g.target.attention === 'plain' && causal !== true
        ? plainAttention(g, q, k, v, headCount)
        : multiHeadAttention(g, q, k, v, { headCount, causal: causal === true });
    return linear(g, batchToRows(g, mixed, String(x.shape[0])), `${name}.${names.out}`, channels);
  });
}
