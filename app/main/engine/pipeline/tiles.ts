/** Cutting latents [C, h, w] into overlapping tiles, and blending what they decode to. */

export interface TileSpan {
  readonly start: number;
  readonly length: number;
}

/**
 * As few spans as can cover 0..total with at most `largest` each, of one length and evenly spread, each overlapping the
 * next by `overlap` or, where rounding asks for it, a little more.
 * One length for all, so that the runtime plans its memory once; no longer than it must be, because what two tiles both
 * decode is decoded twice.
 */
export function tileSpans(total: number, largest: number, overlap: number): TileSpan[] {
  if (total <= largest) return [{ start: 0, length: total }];
  const count = Math.ceil((total - overlap) / (largest - overlap));
  const length = Math.ceil((total + (count - 1) * overlap) / count);
  return Array.from({ length: count }, (_, i) => ({
    start: Math.round((i * (total - length)) / (count - 1)),
    length,
  }));
}

/** Latents [channels, h, w] → the part under a tile. */
export function cutTile(
  latents: Float32Array,
  channels: number,
  h: number,
  w: number,
  rows: TileSpan,
  columns: TileSpan,
): Float32Array {
  const out = new Float32Array(channels * rows.length * columns.length);
  let at = 0;
  for (let c = 0; c < channels; c++) {
    for (let y = rows.start; y < rows.start + rows.length; y++) {
      const from = (c * h + y) * w + columns.start;
      out.set(latents.subarray(from, from + columns.length), at);
      at += columns.length;
    }
  }
  return out;
}

/**
 * Weight of each pixel of a tile: rising from the side it shares with the tile before, falling to the one after.
 * Two neighbours' ramps add to one wherever only they two overlap.
 */
export function ramp(spans: readonly TileSpan[], index: number, scale: number): Float32Array {
  const span = spans[index];
  if (span === undefined) return new Float32Array();
  const before = spans[index - 1];
  const after = spans[index + 1];
  const lengthPx = span.length * scale;
  const risePx = before === undefined ? 0 : (before.start + before.length - span.start) * scale;
  const fallPx = after === undefined ? 0 : (span.start + span.length - after.start) * scale;
  return Float32Array.from({ length: lengthPx }, (_, i) => {
    const rise = i < risePx ? (i + 0.5) / risePx : 1;
    const fall = lengthPx - i <= fallPx ? (lengthPx - i - 0.5) / fallPx : 1;
    return rise * fall;
  });
}

/** Sums weighted tiles of planes [3, H, W] and divides by the weights. */
export class TileCanvas {
  readonly #sum: Float32Array;
  readonly #weight: Float32Array;
  readonly #widthPx: number;
  readonly #heightPx: number;

  constructor(widthPx: number, heightPx: number) {
    this.#widthPx = widthPx;
    this.#heightPx = heightPx;
    this.#sum = new Float32Array(3 * widthPx * heightPx);
    this.#weight = new Float32Array(widthPx * heightPx);
  }

  add(planes: Float32Array, topPx: number, leftPx: number, rampY: Float32Array, rampX: Float32Array): void {
    const tileH = rampY.length;
    const tileW = rampX.length;
    for (let y = 0; y < tileH; y++) {
      for (let x = 0; x < tileW; x++) {
        const weight = (rampY[y] ?? 0) * (rampX[x] ?? 0);
        const to = (topPx + y) * this.#widthPx + leftPx + x;
        this.#weight[to] = (this.#weight[to] ?? 0) + weight;
        for (let c = 0; c < 3; c++) {
          const plane = c * this.#widthPx * this.#heightPx;
          this.#sum[plane + to] =
            (this.#sum[plane + to] ?? 0) + weight * (planes[(c * tileH + y) * tileW + x] ?? 0);
        }
      }
    }
  }

  finish(): Float32Array {
    const pixels = this.#weight.length;
    return this.#sum.map((value, i) => value / (this.#weight[i % pixels] ?? 1));
  }
}
