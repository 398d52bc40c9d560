import type { GraphBuilder, Value } from '../graph/builder.ts';
import { add, mul } from '../graph/ops/math.ts';
import { instanceNorm, layerNorm } from '../graph/ops/nn.ts';
import { reshape } from '../graph/ops/shape.ts';
import type { Level } from './level.ts';
import { weight } from './linear.ts';

/** Wu & He 2018, "Group Normalization", as instance normalisation of [B, groups, rest]: the runtime's quickest form on CPUs. */
export function groupNorm(
  g: GraphBuilder,
  x: Value,
  name: string,
  groups: number,
  epsilon: number,
  level: Level,
): Value {
  return g.scope('group_norm', () => {
    const [batch = 1, channels = 1] = x.shape;
    const c = Number(channels);
    const grouped = reshape(g, x, [0, groups, -1], [batch, groups, `group_${level.name}`]);
    const ones = g.floats(Array<number>(groups).fill(1));
    const zeros = g.floats(Array<number>(groups).fill(0));
    const normal = reshape(
      g,
      instanceNorm(g, grouped, ones, zeros, epsilon),
      level.imageShape(g, c),
      x.shape,
    );
    const scale = reshape(g, weight(g, `${name}.weight`, [c]), [c, 1, 1], [c, 1, 1]);
    const bias = reshape(g, weight(g, `${name}.bias`, [c]), [c, 1, 1], [c, 1, 1]);
    return add(g, mul(g, normal, scale), bias);
  });
}

/** Rows [.., C], each to mean 0 and variance 1, then `name`.weight and .bias [C]. */
export function layerNormOf(g: GraphBuilder, x: Value, name: string, epsilon = 1e-5): Value {
  const c = Number(x.shape.at(-1));
  return layerNorm(g, x, weight(g, `${name}.weight`, [c]), weight(g, `${name}.bias`, [c]), epsilon);
}
