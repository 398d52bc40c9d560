import type { GraphBuilder, Value } from '../graph/builder.ts';
import { conv, type ConvOptions } from '../graph/ops/nn.ts';
import { padBottomRight, resizeNearest } from '../graph/ops/shape.ts';
import { conv8, isWorthEightBits } from './eight-bit.ts';
import type { Level } from './level.ts';
import { weight } from './linear.ts';

/** A square convolution of pictures by `name`.weight [out, in, k, k] and `name`.bias [out]. */
export function convOf(
  g: GraphBuilder,
  x: Value,
  name: string,
  out: number,
  kernel: number,
  options: ConvOptions = {},
): Value {
  const inChannels = Number(x.shape[1]);
  const w = weight(g, `${name}.weight`, [out, inChannels, kernel, kernel]);
  const b = weight(g, `${name}.bias`, [out]);
  return isWorthEightBits(g, w) ? conv8(g, x, w, b, options) : conv(g, x, w, b, options);
}

/** Halves the grid, rounding up: 3×3, stride 2, a border of one. */
export function downsample(g: GraphBuilder, x: Value, name: string, to: Level): Value {
  return convOf(g, x, `${name}.conv`, Number(x.shape[1]), 3, { stride: 2, size: [to.rows, to.columns] });
}

/** The VAE's way: the border stands only below and to the right. */
export function downsampleAsymmetric(g: GraphBuilder, x: Value, name: string, to: Level): Value {
  const padded = padBottomRight(g, x, `${to.rows}_padded`, `${to.columns}_padded`);
  return convOf(g, padded, `${name}.conv`, Number(x.shape[1]), 3, {
    stride: 2,
    pads: [0, 0, 0, 0],
    size: [to.rows, to.columns],
  });
}

/** To the next larger grid, which need not be twice as large, then 3×3. */
export function upsample(g: GraphBuilder, x: Value, name: string, to: Level): Value {
  const larger = resizeNearest(g, x, to.grid(g), to.rows, to.columns);
  return convOf(g, larger, `${name}.conv`, Number(x.shape[1]), 3);
}
