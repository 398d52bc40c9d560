import type { GraphBuilder, Value } from '../graph/builder.ts';
import { conv, type ConvOptions } from '../graph/ops/nn.ts';
import { padBottomRight, resizeNearest } from '../graph/ops/shape.ts';
import { conv8, isWorthEightBits } from './eight-bit.ts';
import type { Level } from './level.ts';
import { weight } from './linear.ts';
import { convWinograd, isWorthWinograd } from './winograd.ts';

export interface NamedConvOptions extends ConvOptions {
  /** The grid of a convolution that keeps it, where it is large enough for Winograd's form. */
  readonly tiled?: Level | undefined;
}

/** A square convolution of pictures by `name`.weight [out, in, k, k] and `name`.bias [out]. */
export function convOf(
  g: GraphBuilder,
  x: Value,
  name: string,
  out: number,
  kernel: number,
  { tiled, ...options }: NamedConvOptions = {},
): Value {
  const { w, b } = convWeights(g, name, Number(x.shape[1]), out, kernel);
  if (isWorthEightBits(g, w)) return conv8(g, x, w, b, options);
  if (tiled !== undefined && isWorthWinograd(g, w)) return convWinograd(g, x, w, b, tiled);
  return conv(g, x, w, b, options);
}

function convWeights(g: GraphBuilder, name: string, channels: number, out: number, kernel: number) {
  return {
    w: weight(g, `${name}.weight`, [out, channels, kernel, kernel]),
    b: weight(g, `${name}.bias`, [out]),
  };
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

/**
 * To the next larger grid, which need not be twice as large, then 3×3.
 * `tiledFrom`: the grid that x lies on, where the larger one is large enough for Winograd's form.
 */
export function upsample(g: GraphBuilder, x: Value, name: string, to: Level, tiledFrom?: Level): Value {
  const channels = Number(x.shape[1]);
  const { w, b } = convWeights(g, `${name}.conv`, channels, channels, 3);
  if (tiledFrom !== undefined && isWorthWinograd(g, w)) return convWinograd(g, x, w, b, to, tiledFrom);
  const larger = resizeNearest(g, x, to.grid(g), to.rows, to.columns);
  return convOf(g, larger, `${name}.conv`, channels, 3);
}
