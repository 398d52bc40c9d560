import type { GraphBuilder, Value } from '../graph/builder.ts';
import { add, silu } from '../graph/ops/math.ts';
import { reshape } from '../graph/ops/shape.ts';
import { convOf } from './conv.ts';
import type { Level } from './level.ts';
import { linear } from './linear.ts';
import { groupNorm } from './norm.ts';

export interface ResnetOptions {
  readonly out: number;
  readonly groups: number;
  readonly epsilon: number;
  /** silu(time embedding) [1, E]; absent in the VAE. */
  readonly time?: Value;
  /** Its grid, where that is large enough for Winograd's form. */
  readonly tiled?: Level | undefined;
}

/** Residual block of SD's U-Net and VAE: two normed 3×3 convolutions, the time embedding added between them. */
export function resnetBlock(g: GraphBuilder, x: Value, name: string, options: ResnetOptions): Value {
  const { out, groups, epsilon, time, tiled } = options;
  return g.scope(name, () => {
    const inChannels = Number(x.shape[1]);
    // First of all, and added last: the runtime then lets go of x, often the largest tensor there is, before the convolutions.
    const skip = inChannels === out ? x : convOf(g, x, `${name}.conv_shortcut`, out, 1);
    let h = silu(g, groupNorm(g, x, `${name}.norm1`, groups, epsilon));
    h = convOf(g, h, `${name}.conv1`, out, 3, { tiled });
    if (time !== undefined) {
      const shift = linear(g, time, `${name}.time_emb_proj`, out);
      h = add(g, h, reshape(g, shift, [1, out, 1, 1], [1, out, 1, 1]));
    }
    h = silu(g, groupNorm(g, h, `${name}.norm2`, groups, epsilon));
    h = convOf(g, h, `${name}.conv2`, out, 3, { tiled });
    return add(g, h, skip);
  });
}
