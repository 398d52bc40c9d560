import type { Partition } from './partition.ts';

/** How much smaller each side of a coarser grid is. */
export interface CoarseFactor {
  readonly fx: number;
  readonly fy: number;
}

/** A coarser grid keeps 1 token in 64: further than any published use (4×4, arXiv:2402.13573, at 2048 px). */
const largestFactor = 8;

/** 1×1, 2×1, 2×2, 3×2, …: the longer side shrinks first. */
function factors(h: number, w: number): CoarseFactor[] {
  const list: CoarseFactor[] = [];
  for (let small = 1; small <= largestFactor; small++) {
    for (const large of [small, small + 1]) {
      if (large <= largestFactor) list.push(w >= h ? { fx: large, fy: small } : { fx: small, fy: large });
    }
  }
  return list;
}

const cut = (side: number, factor: number): number => Math.max(1, Math.floor(side / factor));

/** Share of the tokens that a coarser grid leaves out; 1 − 1/(fx·fy) where the factor divides the sides. */
function leftOut(h: number, w: number, { fx, fy }: CoarseFactor): number {
  return 1 - (cut(h, fy) * cut(w, fx)) / (h * w);
}

/** The factor whose share comes closest to the one asked for; of two as close, the finer grid. */
export function coarseFactor(h: number, w: number, ratio: number): CoarseFactor {
  const off = (factor: CoarseFactor) => Math.abs(leftOut(h, w, factor) - ratio);
  return factors(h, w).reduce((best, one) => (off(one) < off(best) ? one : best));
}

/** The largest share that can be asked for. */
export function maxCoarseRatio(h: number, w: number): number {
  return leftOut(h, w, { fx: largestFactor, fy: largestFactor });
}

/**
 * The tokens of the coarser grid as destinations, in rising order; all others are sources, and every one of them goes.
 * Source: ToDo, arXiv:2402.13573; ImprovedTokenMerge/merge.py@81928e4 (torch's "nearest": row ⌊i·h/h'⌋, h' = ⌊h/f⌋).
 */
export function coarsePartition(h: number, w: number, ratio: number): Partition {
  const factor = coarseFactor(h, w, ratio);
  const [rows, columns] = [cut(h, factor.fy), cut(w, factor.fx)];
  const isDst = new Uint8Array(h * w);
  for (let i = 0; i < rows; i++) {
    const top = Math.floor((i * h) / rows) * w;
    for (let j = 0; j < columns; j++) isDst[top + Math.floor((j * w) / columns)] = 1;
  }
  const tokens = Int32Array.from({ length: h * w }, (_, n) => n);
  return { dst: tokens.filter((n) => isDst[n] === 1), src: tokens.filter((n) => isDst[n] === 0) };
}
