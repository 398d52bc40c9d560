import { GraphBuilder, type Value } from '../graph/builder.ts';
import { cpuTarget, type GraphTarget } from '../graph/target.ts';
import { add, silu } from '../graph/ops/math.ts';
import { slice } from '../graph/ops/shape.ts';
import { convOf, upsample } from '../nn/conv.ts';
import { Level } from '../nn/level.ts';
import { groupNormBy, measureGroups } from '../nn/norm.ts';
import type { WeightSource } from '../onnx/weights.ts';
import type { VaeConfig } from './configs.ts';
import { decoderFront } from './vae.ts';

/**
 * The decoder of a picture too large to be decoded at once, cut where a convolution ends: every piece is one 3×3
 * convolution with what goes before it, so that a strip of its result needs one more row of its input above and below. The
 * group norms take the moments of the whole picture, which the piece before has measured: strips give what the whole gives.
 */
export interface DecoderPiece {
  /**
   * enlarge: twice as many rows and columns come out. first, second: the halves of a residual block; what goes around the
   * block is made by the first where the number of channels changes, and added by the second. last: the pixels.
   */
  readonly kind: 'enlarge' | 'first' | 'second' | 'last';
  /** Of what comes out; as the configuration counts them: 0 = pixels. */
  readonly level: number;
  /** Channels that come in. */
  readonly channels: number;
  readonly out: number;
  /** Its weights' names begin with it. */
  readonly name: string;
}

export const pieceNames = {
  input: 'input',
  mean: 'mean',
  scale: 'scale',
  /** The rows of the result that are wanted: from, to. */
  from: 'rows/from',
  to: 'rows/to',
  around: 'around',
  output: 'output',
  measuredMean: 'measured/mean',
  measuredVariance: 'measured/variance',
} as const;

/** What follows the front, in running order. */
export function decoderPieces({ blockOutChannels, layersPerBlock, outChannels }: VaeConfig): DecoderPiece[] {
  const pieces: DecoderPiece[] = [];
  const last = blockOutChannels.length - 1;
  let channels = blockOutChannels[last] ?? 0;
  for (let i = 1; i <= last; i++) {
    const level = last - i;
    const upsampler = `decoder.up_blocks.${i - 1}.upsamplers.0`;
    pieces.push({ kind: 'enlarge', level, channels, out: channels, name: upsampler });
    const out = blockOutChannels[level] ?? 0;
    for (let j = 0; j <= layersPerBlock; j++) {
      const name = `decoder.up_blocks.${i}.resnets.${j}`;
      pieces.push({ kind: 'first', level, channels, out, name });
      pieces.push({ kind: 'second', level, channels: out, out, name });
      channels = out;
    }
  }
  pieces.push({ kind: 'last', level: 0, channels, out: outChannels, name: 'decoder' });
  return pieces;
}

/** Whether a residual block's way around has a convolution of its own, which its first half makes. */
export function changesChannels({ kind, channels, out }: DecoderPiece): boolean {
  return kind === 'first' && channels !== out;
}

/** Inputs: latents [1, 4, h, w], divided by the scaling factor. Output: [1, C, h, w] f32. */
export function buildDecoderFront(
  config: VaeConfig,
  weights: WeightSource,
  target: GraphTarget = cpuTarget,
): Uint8Array {
  const g = new GraphBuilder(weights, target);
  g.output(pieceNames.output, decoderFront(g, config));
  return g.build('vae-decoder-front');
}

/**
 * Inputs: a strip [1, channels, rows, columns] and the range of its result that is wanted; all but 'enlarge' the moments of
 * the whole picture that comes in, each [channels, 1, 1]; 'second' the wanted rows of what went around. Outputs: the wanted
 * rows [1, out, …], and their moments [1, groups].
 */
export function buildDecoderPiece(
  config: VaeConfig,
  piece: DecoderPiece,
  weights: WeightSource,
  target: GraphTarget = cpuTarget,
): Uint8Array {
  const g = new GraphBuilder(weights, target);
  emitPiece(g, config, piece);
  return g.build(`vae-decoder-${piece.kind}`);
}

function emitPiece(g: GraphBuilder, { normNumGroups: groups }: VaeConfig, piece: DecoderPiece): void {
  const { kind, name, channels, out } = piece;
  const [grid, below] = [new Level(0), new Level(1)];
  // As in the whole decoder.
  const tiled = piece.level > 0 ? grid : undefined;
  const { rows, columns } = kind === 'enlarge' ? below : grid;
  const x = g.input(pieceNames.input, 'f32', [1, channels, rows, columns]);
  const wanted = (value: Value): Value =>
    slice(g, value, g.input(pieceNames.from, 'i64', [1]), g.input(pieceNames.to, 'i64', [1]), 2, 'wanted');
  const normed = (norm: string): Value => {
    const column = [channels, 1, 1];
    const mean = g.input(pieceNames.mean, 'f32', column);
    return silu(g, groupNormBy(g, x, norm, { mean, scale: g.input(pieceNames.scale, 'f32', column) }));
  };
  const give = (value: Value): void => {
    g.output(pieceNames.output, value);
    const { mean, variance } = measureGroups(g, value, groups);
    g.output(pieceNames.measuredMean, mean);
    g.output(pieceNames.measuredVariance, variance);
  };
  switch (kind) {
    case 'enlarge':
      give(wanted(upsample(g, x, name, grid, below)));
      break;
    case 'first':
      if (changesChannels(piece))
        g.output(pieceNames.around, wanted(convOf(g, x, `${name}.conv_shortcut`, out, 1)));
      give(wanted(convOf(g, normed(`${name}.norm1`), `${name}.conv1`, out, 3, { tiled })));
      break;
    case 'second': {
      const around = g.input(pieceNames.around, 'f32', [1, out, 'wanted', columns]);
      const h = convOf(g, normed(`${name}.norm2`), `${name}.conv2`, out, 3, { tiled });
      give(add(g, wanted(h), around));
      break;
    }
    case 'last':
      g.output(
        pieceNames.output,
        wanted(convOf(g, normed(`${name}.conv_norm_out`), `${name}.conv_out`, out, 3)),
      );
  }
}
