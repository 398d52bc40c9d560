/**
 * What Winograd's minimal filtering F(4×4, 3×3) needs to know beside the weights: which places of a grid make a tile,
 * where a tile's results go, and the three transforms.
 * Source: Lavin & Gray 2015, arXiv 1509.09308, §4.3.
 */

/** A tile gives 4×4 places and reads 6×6: itself and a border of one. */
export const TILE_OUT = 4;
export const TILE_IN = 6;

/** Tiles that are worked on at once: their working memory, 36 numbers a channel, is what a part takes. */
const PART_TILES = 512;
/** Transformed weights that are alive at once, 64 MiB of them: fewer cost time, more only memory. */
const PART_WEIGHTS = 2 ** 24;

/** Into how many parts the outputs of a layer are cut. */
export function weightParts(out: number, channels: number): number {
  let parts = 1;
  while ((TILE_IN ** 2 * out * channels) / parts > PART_WEIGHTS && out % (2 * parts) === 0) parts *= 2;
  return parts;
}

const inputRows = [
  [4, 0, -5, 0, 1, 0],
  [0, -4, -4, 1, 1, 0],
  [0, 4, -4, -1, 1, 0],
  [0, -2, -1, 2, 1, 0],
  [0, 2, -1, -2, 1, 0],
  [0, 4, 0, -5, 0, 1],
];
const kernelRows = [
  [1 / 4, 0, 0],
  [-1 / 6, -1 / 6, -1 / 6],
  [-1 / 6, 1 / 6, -1 / 6],
  [1 / 24, 1 / 12, 1 / 6],
  [1 / 24, -1 / 12, 1 / 6],
  [0, 0, 1],
];
const outputRows = [
  [1, 1, 1, 1, 1, 0],
  [0, 1, -1, 2, -2, 0],
  [0, 1, 1, 4, 4, 0],
  [0, 1, -1, 8, -8, 1],
];

/** Along both sides of a tile at once: the Kronecker product of a transform with itself, row by row. */
function bothWays(rows: readonly (readonly number[])[]): number[] {
  return rows.flatMap((down) => rows.flatMap((across) => down.flatMap((a) => across.map((b) => a * b))));
}

/** Bᵀ⊗Bᵀ [36, 36]: a tile as read → where it is multiplied. */
export const inputTransform: readonly number[] = bothWays(inputRows);
/** G⊗G [36, 9]: a kernel → where it is multiplied. */
export const kernelTransform: readonly number[] = bothWays(kernelRows);
/** Aᵀ⊗Aᵀ [16, 36]: products → a tile of results. */
export const outputTransform: readonly number[] = bothWays(outputRows);

export interface Grid {
  readonly h: number;
  readonly w: number;
}

export interface Tiling {
  /** int32 [parts, 36, tiles]: the row of the source's places that lies there, or their number for what lies outside. */
  readonly tiles: Int32Array;
  readonly tilesShape: readonly [number, number, number];
  /** int32 [B·h·w]: the row of [parts·16·tiles] that holds a place's result. */
  readonly places: Int32Array;
}

/**
 * The tiles of a batch of grids h × w, which 4 need not divide. A source of another size is read as torch's nearest
 * interpolation would enlarge it.
 */
export function tilingOf(batch: number, { h, w }: Grid, source: Grid = { h, w }): Tiling {
  const down = Math.ceil(h / TILE_OUT);
  const across = Math.ceil(w / TILE_OUT);
  const count = batch * down * across;
  const parts = Math.ceil(count / PART_TILES);
  const size = Math.ceil(count / parts);
  const rowOf = (tile: number, i: number, rows: number) =>
    (Math.floor(tile / size) * rows + i) * size + (tile % size);
  const tiles = new Int32Array(parts * TILE_IN ** 2 * size).fill(batch * source.h * source.w);
  const places = new Int32Array(batch * h * w);
  const placeOf = (b: number, y: number, x: number) =>
    (b * source.h + Math.floor((y * source.h) / h)) * source.w + Math.floor((x * source.w) / w);
  for (let tile = 0; tile < count; tile++) {
    const b = Math.floor(tile / (down * across));
    const top = TILE_OUT * (Math.floor(tile / across) % down);
    const left = TILE_OUT * (tile % across);
    for (let i = 0; i < TILE_IN ** 2; i++) {
      const y = top - 1 + Math.floor(i / TILE_IN);
      const x = left - 1 + (i % TILE_IN);
      if (y >= 0 && y < h && x >= 0 && x < w) tiles[rowOf(tile, i, TILE_IN ** 2)] = placeOf(b, y, x);
    }
    for (let i = 0; i < TILE_OUT ** 2; i++) {
      const y = top + Math.floor(i / TILE_OUT);
      const x = left + (i % TILE_OUT);
      if (y < h && x < w) places[(b * h + y) * w + x] = rowOf(tile, i, TILE_OUT ** 2);
    }
  }
  return { tiles, tilesShape: [parts, TILE_IN ** 2, size], places };
}
