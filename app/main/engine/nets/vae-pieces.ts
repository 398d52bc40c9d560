import type { VaeConfig } from '#kernels/nets/configs.ts';
import { vaeNames } from '#kernels/nets/vae.ts';
import {
  buildDecoderFront,
  buildDecoderPiece,
  changesChannels,
  pieceNames,
  type DecoderPiece,
} from '#kernels/nets/vae-pieces.ts';
import type { NamedTensor, RuntimeOptions, Session } from '../session.ts';
import { floatOutput, loadNet, sizeFeeds, type NetPart } from './net.ts';

/** One loaded piece of the decoder. */
export interface Piece<Input> {
  run(input: Input): Promise<PieceResult>;
  release(): Promise<void>;
}

export interface LatentGrid {
  /** [1, C, h, w], divided by the scaling factor. */
  readonly latents: Float32Array;
  readonly latentH: number;
  readonly latentW: number;
}

/** Rows of what comes in, with what the whole of it was measured to have. */
export interface StripInput {
  /** [1, channels, rows, columns] */
  readonly data: Float32Array;
  readonly rows: number;
  readonly columns: number;
  /** The rows of the result that are wanted, from and to; the others lack neighbours. */
  readonly wanted: readonly [from: number, to: number];
  /** Channel by channel; not read by a piece that enlarges. */
  readonly moments?: ChannelMoments | undefined;
  /** What goes around a residual block, of the wanted rows; read by its second half. */
  readonly around?: Float32Array | undefined;
}

/** Mean of a channel's group, and 1/√(variance + ε), for every channel. */
export interface ChannelMoments {
  readonly mean: Float32Array;
  readonly scale: Float32Array;
}

export interface PieceResult {
  readonly data: Float32Array;
  /** What goes around a residual block whose number of channels changes. */
  readonly around?: Float32Array;
  /** Of each group of these rows; what the front and the last piece give has none. */
  readonly measured?: { readonly mean: Float32Array; readonly variance: Float32Array };
}

export async function loadDecoderFront(
  part: NetPart<VaeConfig>,
  options: RuntimeOptions = {},
): Promise<Piece<LatentGrid>> {
  const session = await loadNet(part, buildDecoderFront, options);
  const { latentChannels, blockOutChannels } = part.config;
  const scale = 2 ** (blockOutChannels.length - 1);
  return {
    async run({ latents, latentH, latentW }) {
      const feeds = {
        [vaeNames.latents]: { data: latents, shape: [1, latentChannels, latentH, latentW] },
        ...sizeFeeds(session, 1, latentH * scale, latentW * scale),
      };
      return { data: floatOutput(await session.run(feeds, [pieceNames.output]), pieceNames.output) };
    },
    release: () => session.release(),
  };
}

export async function loadDecoderPiece(
  part: NetPart<VaeConfig>,
  piece: DecoderPiece,
  options: RuntimeOptions = {},
): Promise<Piece<StripInput>> {
  const session = await loadNet(
    part,
    (config, weights, target) => buildDecoderPiece(config, piece, weights, target),
    options,
  );
  const { kind } = piece;
  const fetched = [
    pieceNames.output,
    ...(changesChannels(piece) ? [pieceNames.around] : []),
    ...(kind === 'last' ? [] : [pieceNames.measuredMean, pieceNames.measuredVariance]),
  ];
  return {
    async run(input) {
      const outputs = await session.run(stripFeeds(session, piece, input), fetched);
      return {
        data: floatOutput(outputs, pieceNames.output),
        ...(changesChannels(piece) ? { around: floatOutput(outputs, pieceNames.around) } : {}),
        ...(kind === 'last'
          ? {}
          : {
              measured: {
                mean: floatOutput(outputs, pieceNames.measuredMean),
                variance: floatOutput(outputs, pieceNames.measuredVariance),
              },
            }),
      };
    },
    release: () => session.release(),
  };
}

function stripFeeds(
  session: Session,
  { kind, channels, out }: DecoderPiece,
  { data, rows, columns, wanted: [from, to], moments, around }: StripInput,
): Record<string, NamedTensor> {
  const scale = kind === 'enlarge' ? 2 : 1;
  const row = (value: number): NamedTensor => ({ data: BigInt64Array.of(BigInt(value)), shape: [1] });
  return {
    [pieceNames.input]: { data, shape: [1, channels, rows, columns] },
    [pieceNames.from]: row(from),
    [pieceNames.to]: row(to),
    ...(moments && {
      [pieceNames.mean]: { data: moments.mean, shape: [channels, 1, 1] },
      [pieceNames.scale]: { data: moments.scale, shape: [channels, 1, 1] },
    }),
    ...(around && { [pieceNames.around]: { data: around, shape: [1, out, to - from, columns] } }),
    ...sizeFeeds(session, 1, rows * scale, columns * scale),
  };
}
