import type { GraphBuilder, Value } from '../graph/builder.ts';
import { forEachPart } from '../graph/ops/control.ts';
import { gather } from '../graph/ops/index.ts';
import { add, matMul, matMulTransposed } from '../graph/ops/math.ts';
import { concat, reshape, transpose } from '../graph/ops/shape.ts';
import type { Dim } from '../onnx/proto.ts';
import type { Level } from './level.ts';
import { kernelTransformInput } from './run-shapes.ts';
import { inputTransform, outputTransform, TILE_IN, TILE_OUT, weightParts } from './winograd-tiles.ts';

const READ = TILE_IN ** 2;
const MADE = TILE_OUT ** 2;

/** Whether a 3×3 convolution of stride 1 by w [O, C, 3, 3] is to be made in Winograd's form. */
export function isWorthWinograd(g: GraphBuilder, w: Value): boolean {
  const [out = 0, channels = 0, kernel] = w.shape.map(Number);
  return g.target.products === 'float' && kernel === 3 && Math.min(out, channels) >= g.target.winogradFrom;
}

/**
 * x [B, C, h, w] by w [O, C, 3, 3], b [O], a border of zeros → [B, O, h, w]: 36 products for 16 places in place of 144.
 * With a `source` of another grid, x is first enlarged to the level's by its nearest neighbours, without a copy of it.
 * Off from the direct sum by 1e-5 of the largest value.
 * Source: Lavin & Gray 2015, arXiv 1509.09308, F(4×4, 3×3).
 *
 * Channels lie last, so that a tile is gathered as whole rows and each transform is one product. The transformed
 * weights are four times as large as the weights: they are made anew in each run, a part after the other, which takes
 * less than a tenth of it, and the transform is an input, because the runtime would fold a constant one and keep them all.
 */
export function convWinograd(
  g: GraphBuilder,
  x: Value,
  w: Value,
  b: Value,
  level: Level,
  source = level,
): Value {
  return g.scope('winograd', () => {
    const [batch = 1] = x.shape;
    const [out = 1, channels = 1] = w.shape.map(Number);
    const kernels = kernelParts(g, w, out, channels);
    const places = withZeroRow(g, placesAsRows(g, x, channels, source), source);
    const tiles = level.tiles(g, source);
    const [stack = tiles] = forEachPart(
      g,
      [tiles],
      [{ type: x.type, shape: [MADE, tileRow(level, out)] }],
      (...[part = tiles]) => [tileResults(g, gather(g, places, part), kernels, level)],
    );
    const results = reshape(g, stack, [-1, out], [`${level.name}_tile_rows`, out]);
    const made = add(g, gather(g, results, level.places(g)), b);
    const picture = reshape(g, made, level.tokenShape(g), [batch, level.rows, level.columns, out]);
    return transpose(g, picture, [0, 3, 1, 2]);
  });
}

/** w [O, C, 3, 3] → [n, 9, O/n·C], which the runtime does when it loads: plain matrices to turn, n of them. */
function kernelParts(g: GraphBuilder, w: Value, out: number, channels: number): Value {
  const parts = weightParts(out, channels);
  const rows = (out / parts) * channels;
  return transpose(g, reshape(g, w, [parts, rows, 9], [parts, rows, 9]), [0, 2, 1]);
}

/** [9, O·C] → [36, O, C]. */
function transformedWeights(g: GraphBuilder, flat: Value, channels: number): Value {
  const out = Number(flat.shape[1]) / channels;
  const transform = g.input(kernelTransformInput, 'f32', [READ, 9]);
  return reshape(g, matMul(g, transform, flat), [READ, out, channels], [READ, out, channels]);
}

/** [B, C, h, w] → [B·h·w, C]. */
function placesAsRows(g: GraphBuilder, x: Value, channels: number, level: Level): Value {
  return reshape(g, transpose(g, x, [0, 2, 3, 1]), [-1, channels], [`${level.name}_places`, channels]);
}

/** What lies outside the grid: the row after the last. */
function withZeroRow(g: GraphBuilder, rows: Value, level: Level): Value {
  const channels = Number(rows.shape[1]);
  const zeros = g.floats(Array<number>(channels).fill(0), [1, channels]);
  return concat(g, [rows, zeros], 0, `${level.name}_places_and_zero`);
}

/** Tiles as read [36, T, C], kernels [n, 9, O/n·C] → their results [16, T·O]. */
function tileResults(g: GraphBuilder, tiles: Value, kernels: Value, level: Level): Value {
  const [, count = 1, channels = 1] = tiles.shape;
  const [parts = 1, taps = 9, row = 1] = kernels.shape.map(Number);
  const read = reshape(g, tiles, [READ, -1], [READ, tileRow(level, channels)]);
  const ready = matMul(g, g.floats(inputTransform, [READ, READ]), read);
  const factors = reshape(g, ready, [READ, -1, Number(channels)], [READ, count, channels]);
  if (parts === 1) return partResults(g, factors, reshape(g, kernels, [taps, row], [taps, row]), level);
  const out = row / Number(channels);
  const [stack = kernels] = forEachPart(
    g,
    [kernels],
    [{ type: tiles.type, shape: [MADE, tileRow(level, out)] }],
    (part = kernels) => [partResults(g, factors, part, level)],
  );
  const apart = reshape(g, stack, [parts, -1, out], [parts, `${level.name}_results`, out]);
  return reshape(g, transpose(g, apart, [1, 0, 2]), [MADE, -1], [MADE, tileRow(level, parts * out)]);
}

/** Tiles ready to be multiplied [36, T, C], kernels [9, O·C] → their results [16, T·O]. */
function partResults(g: GraphBuilder, factors: Value, kernels: Value, level: Level): Value {
  const weights = transformedWeights(g, kernels, Number(factors.shape[2]));
  const row = tileRow(level, weights.shape[1]);
  const products = reshape(g, matMulTransposed(g, factors, weights), [READ, -1], [READ, row]);
  return matMul(g, g.floats(outputTransform, [MADE, READ]), products);
}

/** All tiles of a part with all their channels. The runtime takes sizes of one name for equal. */
function tileRow(level: Level, channels: Dim = 1): string {
  return `${level.name}_tiles_of_${channels}`;
}
