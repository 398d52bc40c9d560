/** Which tokens of a grid are destinations. Positions are row-major, y·w + x, in rising order; all others are sources. */

export type PartitionKind = 'cells-random' | 'cells-fixed' | 'columns' | 'random';

export interface PartitionOptions {
  readonly kind: PartitionKind;
  /** Cell width and height in tokens. */
  readonly sx: number;
  readonly sy: number;
  /** Of each token: the most important one of every cell is the destination, whatever kind of cells was asked for. */
  readonly importance?: Float32Array | undefined;
}

export interface Partition {
  readonly dst: Int32Array;
  readonly src: Int32Array;
}

/**
 * Source: arXiv:2303.17604, section 4.1 and Table 2; tomesd/merge.py@27a14a3 for the cells.
 * Cells that the edge cuts off have no destination: their tokens are all sources, as in the reference.
 * @param random numbers in [0, 1), read by the random kinds only.
 */
export function choosePartition(
  h: number,
  w: number,
  options: PartitionOptions,
  random: () => number,
): Partition {
  const isDst = new Uint8Array(h * w);
  const byCell = options.kind === 'cells-random' || options.kind === 'cells-fixed';
  const { importance } = options;
  if (importance !== undefined && byCell) markMostImportant(isDst, h, w, options, importance);
  else mark[options.kind](isDst, h, w, options, random);
  const count = isDst.reduce((sum, one) => sum + one, 0);
  const dst = new Int32Array(count);
  const src = new Int32Array(h * w - count);
  let d = 0;
  let s = 0;
  for (let n = 0; n < isDst.length; n++) {
    if (isDst[n] === 1) dst[d++] = n;
    else src[s++] = n;
  }
  return { dst, src };
}

/** Of equals, the first. */
function markMostImportant(
  isDst: Uint8Array,
  h: number,
  w: number,
  { sx, sy }: PartitionOptions,
  importance: Float32Array,
): void {
  cells(h, w, sx, sy, (top, left) => {
    let best = top * w + left;
    for (let i = 0; i < sx * sy; i++) {
      const token = (top + Math.floor(i / sx)) * w + left + (i % sx);
      if ((importance[token] ?? 0) > (importance[best] ?? 0)) best = token;
    }
    isDst[best] = 1;
  });
}

type Mark = (
  isDst: Uint8Array,
  h: number,
  w: number,
  options: PartitionOptions,
  random: () => number,
) => void;

const mark: Record<PartitionKind, Mark> = {
  /** One token of every cell, at random. */
  'cells-random': (isDst, h, w, { sx, sy }, random) => {
    cells(h, w, sx, sy, (top, left) => {
      const pick = Math.floor(random() * sx * sy);
      isDst[(top + Math.floor(pick / sx)) * w + left + (pick % sx)] = 1;
    });
  },
  /** The top left token of every cell. */
  'cells-fixed': (isDst, h, w, { sx, sy }) => {
    cells(h, w, sx, sy, (top, left) => {
      isDst[top * w + left] = 1;
    });
  },
  /** Every second column: how ToMe alternates tokens, and the paper's naive first try. */
  columns: (isDst, _h, w) => {
    for (let n = 0; n < isDst.length; n++) isDst[n] = (n % w) % 2 === 0 ? 1 : 0;
  },
  /** As many tokens as there are cells, anywhere (a partial Fisher–Yates shuffle). */
  random: (isDst, h, w, { sx, sy }, random) => {
    const count = Math.floor((h * w) / (sx * sy));
    const order = Int32Array.from({ length: h * w }, (_, n) => n);
    for (let i = 0; i < count; i++) {
      const j = i + Math.floor(random() * (order.length - i));
      const picked = order[j] ?? 0;
      order[j] = order[i] ?? 0;
      isDst[picked] = 1;
    }
  },
};

function cells(
  h: number,
  w: number,
  sx: number,
  sy: number,
  visit: (top: number, left: number) => void,
): void {
  for (let y = 0; y + sy <= h; y += sy) for (let x = 0; x + sx <= w; x += sx) visit(y, x);
}

/** The largest share of tokens that can be merged: every source gone. For cells that fit the grid, 1 − 1/(sx·sy). */
export function maxRatio(partition: Partition): number {
  const tokens = partition.src.length + partition.dst.length;
  return partition.dst.length === 0 ? 0 : partition.src.length / tokens;
}
