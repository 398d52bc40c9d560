import type { GraphBuilder, Value } from '../graph/builder.ts';
import { reduceMax, reduceMin } from '../graph/ops/index.ts';
import { div, max, neg } from '../graph/ops/math.ts';
import type { ConvOptions } from '../graph/ops/nn.ts';
import { matMulQuantized, quantizeAtRun, quantizeRows, type Quantized } from '../graph/ops/quantize.ts';
import { concat, padWith, reshape, transpose, trim } from '../graph/ops/shape.ts';
import type { Dim } from '../onnx/proto.ts';

/**
 * Products of 8-bit numbers, summed in 32 bits. Activations are scaled as a whole, by their range in this very run;
 * weights row by row. What is made of the weights alone is constant: the runtime computes it once, when it loads,
 * and keeps only the 8-bit form, so that the checkpoint stays the one copy on the disk.
 */

/** i8 without −128, so that a weight and its negative are met equally well. */
const LARGEST = 127;
/** Latents in and out: too narrow to gain, and what the picture hangs on most. */
const MIN_WIDTH = 32;

/** Whether products with w [out, in, ..] are to be made of 8-bit numbers. */
export function isWorthEightBits(g: GraphBuilder, w: Value): boolean {
  return g.target.products === 'int8' && Number(w.shape[0]) >= MIN_WIDTH && Number(w.shape[1]) >= MIN_WIDTH;
}

/** Rows x [R, K] · wᵀ + b → [R, N]; w [N, K], b [N]. */
export function linear8(g: GraphBuilder, x: Value, w: Value, b: Value | undefined): Value {
  return g.scope('eight_bit', () => {
    const { values, scales } = quantizeWeights(g, w, [1]);
    return matMulQuantized(g, quantizeAtRun(g, x), transpose(g, values, [1, 0]), scales, b);
  });
}

/**
 * A convolution of x [B, C, H, W] by w [O, C, k, k], b [O]: the k·k neighbours of each place are laid side by side, and
 * one product serves all places. The runtime's own ConvInteger is slower than its float32 convolution.
 */
export function conv8(g: GraphBuilder, x: Value, w: Value, b: Value, options: ConvOptions): Value {
  return g.scope('eight_bit', () => {
    const [out = 1, channels = 1, k = 1] = w.shape.map(Number);
    const [batch = 1, , rows = 1, columns = 1] = x.shape;
    const size = options.size ?? [rows, columns];
    const { values, scales } = quantizeWeights(g, w, [1, 2, 3]);
    const depth = k * k * channels;
    const flat = reshape(g, transpose(g, values, [2, 3, 1, 0]), [depth, out], [depth, out]);
    const picture = quantizeAtRun(g, x);
    const places = { ...picture, values: transpose(g, picture.values, [0, 2, 3, 1]) };
    const stretched =
      k === 1 ? places : { ...places, values: neighbours(g, places, k, { ...options, size }) };
    const y = transpose(g, matMulQuantized(g, stretched, flat, scales, b), [0, 3, 1, 2]);
    return { ...y, shape: [batch, out, ...size] };
  });
}

/** [B, H, W, C] → [B, H', W', k·k·C]; beyond the picture's border lies 0. */
function neighbours(
  g: GraphBuilder,
  { values, zero }: Quantized,
  k: number,
  { stride = 1, pads, size }: ConvOptions & { readonly size: readonly [Dim, Dim] },
): Value {
  const border = Math.floor(k / 2);
  const [top, left, bottom, right] = pads ?? [border, border, border, border];
  const [batch = 1, rows = 1, columns = 1, channels = 1] = values.shape;
  const margins = [0, top, left, 0, 0, bottom, right, 0];
  const padded = padWith(g, values, margins, zero, [batch, `${rows}_padded`, `${columns}_padded`, channels]);
  const shifted = Array.from({ length: k * k }, (_, place) => {
    const before = [Math.floor(place / k), place % k];
    const cut = { axes: [1, 2], before, after: before.map((count) => k - 1 - count), step: stride };
    return trim(g, padded, cut, [batch, ...size, channels]);
  });
  return concat(g, shifted, 3, k * k * Number(channels));
}

function quantizeWeights(
  g: GraphBuilder,
  w: Value,
  axes: readonly number[],
): { values: Value; scales: Value } {
  // Not of |w|: the loading runtime would hold that, as large as w, until all constants are computed.
  const largest = max(g, reduceMax(g, w, axes), neg(g, reduceMin(g, w, axes)));
  const scales = div(g, largest, g.floats([LARGEST], []));
  return { values: quantizeRows(g, w, scales), scales };
}
