import type { GraphBuilder, Value } from '../graph/builder.ts';
import { add, gemm, mul, reduceMeanLast, sub } from '../graph/ops/math.ts';
import { instanceNorm, layerNorm } from '../graph/ops/nn.ts';
import { reshape } from '../graph/ops/shape.ts';
import { linearWeights, product, weight } from './linear.ts';

/** Wu & He 2018, "Group Normalization": every group of channels to mean 0 and variance 1, then `name`.weight and .bias [C]. */
export function groupNorm(g: GraphBuilder, x: Value, name: string, groups: number, epsilon: number): Value {
  return g.scope('group_norm', () => {
    const c = Number(x.shape[1]);
    const scale = reshape(g, weight(g, `${name}.weight`, [c]), [c, 1, 1], [c, 1, 1]);
    const bias = reshape(g, weight(g, `${name}.bias`, [c]), [c, 1, 1], [c, 1, 1]);
    return add(g, mul(g, normalizeGroups(g, x, groups, epsilon), scale), bias);
  });
}

/**
 * The same without weight and bias, as instance normalisation of [B, groups, channels of a group × h, w]: the runtime's
 * quickest form on CPUs, and its width can be kept (0), so that no shape must be known.
 */
export function normalizeGroups(g: GraphBuilder, x: Value, groups: number, epsilon: number): Value {
  const [batch = 1, channels = 1, rows = 1, columns = 1] = x.shape;
  const grouped = reshape(g, x, [0, groups, -1, 0], [batch, groups, `group_${rows}`, columns]);
  const ones = g.floats(Array<number>(groups).fill(1));
  const zeros = g.floats(Array<number>(groups).fill(0));
  const normal = instanceNorm(g, grouped, ones, zeros, epsilon);
  return reshape(g, normal, [0, Number(channels), -1, 0], x.shape);
}

/** What a picture was measured to have, channel by channel [C, 1, 1]: the mean of its group, and 1/√(variance + ε). */
export interface GivenMoments {
  readonly mean: Value;
  readonly scale: Value;
}

/** The group norm of a picture of which x is a part, by the moments of the whole. */
export function groupNormBy(g: GraphBuilder, x: Value, name: string, { mean, scale }: GivenMoments): Value {
  return g.scope('group_norm', () => {
    const c = Number(x.shape[1]);
    const column = (part: string) => reshape(g, weight(g, `${name}.${part}`, [c]), [c, 1, 1], [c, 1, 1]);
    // All that is known before the picture first: two walks over it rather than four.
    const factor = mul(g, scale, column('weight'));
    return add(g, mul(g, x, factor), sub(g, column('bias'), mul(g, mean, factor)));
  });
}

/** Mean and variance [1, groups] of the groups of x [1, C, h, w]. */
export function measureGroups(
  g: GraphBuilder,
  x: Value,
  groups: number,
): { readonly mean: Value; readonly variance: Value } {
  const grouped = reshape(g, x, [1, groups, -1], [1, groups, 'group']);
  const mean = reduceMeanLast(g, grouped);
  const apart = sub(g, grouped, reshape(g, mean, [1, groups, 1], [1, groups, 1]));
  return { mean, variance: reduceMeanLast(g, mul(g, apart, apart)) };
}

/**
 * A norm's weight γ and bias β folded into the linear layer that follows: W(γ·x + β) + b = (W·γ)x + (Wβ + b).
 * The folded weights are constants, so the runtime computes them once, when it loads.
 */
export function linearAfterNorm(
  g: GraphBuilder,
  x: Value,
  norm: string,
  name: string,
  options: { fromConv: boolean },
): Value {
  const c = Number(x.shape[1]);
  const { w, b } = linearWeights(g, name, c, c, options);
  const scale = weight(g, `${norm}.weight`, [c]);
  const bias = reshape(g, weight(g, `${norm}.bias`, [c]), [1, c], [1, c]);
  const shift = reshape(g, gemm(g, bias, w, b), [c], [c]);
  return product(g, x, mul(g, w, scale), shift);
}

/** Rows [.., C], each to mean 0 and variance 1, then `name`.weight and .bias [C]. */
export function layerNormOf(g: GraphBuilder, x: Value, name: string, epsilon = 1e-5): Value {
  const c = Number(x.shape.at(-1));
  return layerNorm(g, x, weight(g, `${name}.weight`, [c]), weight(g, `${name}.bias`, [c]), epsilon);
}
