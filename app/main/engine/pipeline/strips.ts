import { invariant } from '#contract/errors.ts';
import type { VaeConfig } from '#kernels/nets/configs.ts';
import { changesChannels, decoderPieces, type DecoderPiece } from '#kernels/nets/vae-pieces.ts';
import type { LatentGrid, Piece, StripInput } from '../nets/vae-pieces.ts';
import { stripValues } from './decode-size.ts';
import { GroupMoments } from './group-moments.ts';
import { TallPicture } from './tall-picture.ts';

/** Loads the decoder's pieces. */
export interface DecoderPieces {
  front(): Promise<Piece<LatentGrid>>;
  piece(piece: DecoderPiece): Promise<Piece<StripInput>>;
}

/** A picture between two pieces, and what its norm needs. */
interface Stage {
  readonly picture: TallPicture;
  readonly moments: GroupMoments;
  /** What goes around the residual block that this lies within. */
  readonly around?: TallPicture | undefined;
}

/**
 * Latents → pixels [3, H, W], a strip of rows after another through each piece of the decoder. Not an approximation: norms
 * take the moments of the whole picture. At once there are two of the largest tensors and what a strip works with.
 */
export async function decodeStrips(
  config: VaeConfig,
  pieces: DecoderPieces,
  grid: LatentGrid,
  betweenStrips: (done: number, strips: number) => Promise<void>,
  valuesOfStrip = stripValues,
): Promise<{ planes: Float32Array; strips: number }> {
  const { latentH, latentW } = grid;
  const all = decoderPieces(config);
  const scaleOf = (level: number) => 2 ** (config.blockOutChannels.length - 1 - level);
  const spansOf = (piece: DecoderPiece): Span[] => {
    const [rows, columns] = [latentH * scaleOf(piece.level), latentW * scaleOf(piece.level)];
    const perRow = columns * Math.max(piece.channels, piece.out);
    if (piece.kind !== 'enlarge') return stripsOf(rows, perRow, valuesOfStrip);
    // A row that comes in makes two.
    return stripsOf(rows / 2, 2 * perRow, valuesOfStrip).map(({ from, to }) => ({
      from: 2 * from,
      to: 2 * to,
    }));
  };
  const strips = all.reduce((sum, piece) => sum + spansOf(piece).length, 0);
  let done = 0;
  let stage = await withPiece(pieces.front(), async (front) => {
    const picture = new TallPicture(config.blockOutChannels.at(-1) ?? 0, latentW);
    picture.add((await front.run(grid)).data);
    return { picture, moments: new GroupMoments() };
  });
  for (const piece of all) {
    stage = await withPiece(pieces.piece(piece), (loaded) =>
      walk(config, piece, loaded, spansOf(piece), stage, () => betweenStrips(++done, strips)),
    );
  }
  const { picture } = stage;
  return { planes: picture.take(0, picture.rows), strips };
}

interface Span {
  readonly from: number;
  readonly to: number;
}

/** One piece over the whole picture. */
async function walk(
  { normNumGroups }: VaeConfig,
  piece: DecoderPiece,
  loaded: Piece<StripInput>,
  spans: readonly Span[],
  before: Stage,
  betweenStrips: () => Promise<void>,
): Promise<Stage> {
  const { kind, channels, out } = piece;
  const scale = kind === 'enlarge' ? 2 : 1;
  const { picture: source } = before;
  const columns = source.columns * scale;
  const picture = new TallPicture(out, columns);
  const moments = new GroupMoments();
  const ownAround = changesChannels(piece) ? new TallPicture(out, columns) : undefined;
  // Without a convolution of its own the way around is what came in, which the first half must then leave whole.
  const around = kind === 'first' ? (ownAround ?? source) : undefined;
  const channelMoments = kind === 'enlarge' ? undefined : before.moments.ofChannels(channels);
  // One for all strips: fresh pages cost as much as filling them.
  const tallest = Math.max(...spans.map(({ from, to }) => to - from)) / scale + 2;
  const space = new Float32Array(channels * tallest * source.columns);
  for (const { from, to } of spans) {
    const [first, end] = [from / scale, to / scale];
    const [top, bottom] = [Math.max(0, first - 1), Math.min(source.rows, end + 1)];
    const result = await loaded.run({
      data: source.take(top, bottom, space),
      rows: bottom - top,
      columns: source.columns,
      wanted: [from - top * scale, to - top * scale],
      moments: channelMoments,
      around: kind === 'second' ? before.around?.take(from, to) : undefined,
    });
    picture.add(result.data);
    const { measured } = result;
    if (measured !== undefined)
      moments.add(((to - from) * columns * out) / normNumGroups, measured.mean, measured.variance);
    if (ownAround !== undefined) {
      invariant(result.around !== undefined, `${piece.name} gave nothing that goes around.`);
      ownAround.add(result.around);
    }
    if (around !== source) source.dropAbove(end - 1);
    if (kind === 'second') before.around?.dropAbove(to);
    await betweenStrips();
  }
  return { picture, moments, around };
}

/** As few strips as can be, evenly spread, none of more than so many values. */
function stripsOf(rows: number, valuesOfRow: number, most: number): Span[] {
  const count = Math.min(rows, Math.ceil((rows * valuesOfRow) / most));
  const edge = (i: number) => Math.round((i * rows) / count);
  return Array.from({ length: count }, (_, i) => ({ from: edge(i), to: edge(i + 1) }));
}

async function withPiece<I, T>(
  loading: Promise<Piece<I>>,
  work: (piece: Piece<I>) => Promise<T>,
): Promise<T> {
  const piece = await loading;
  try {
    return await work(piece);
  } finally {
    await piece.release();
  }
}
