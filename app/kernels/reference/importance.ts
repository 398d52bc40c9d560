import type { Partition } from '../tome/partition.ts';
import type { Rows } from './dense.ts';

/** Importance from what guidance changed (IBTM, arXiv:2411.16720) as slow, plain loops: the oracle of the tests. */

/** One number a position. Each half of guidance is a picture [C, h·w]; the largest difference is made 1. */
export function referenceDifference(negative: Rows, positive: Rows): number[] {
  const positions = negative[0]?.length ?? 0;
  const sums: number[] = [];
  for (let position = 0; position < positions; position++) {
    let sum = 0;
    for (let c = 0; c < negative.length; c++)
      sum += Math.abs((positive[c]?.[position] ?? 0) - (negative[c]?.[position] ?? 0));
    sums.push(sum);
  }
  const largest = Math.max(...sums);
  return sums.map((sum) => (largest === 0 ? 0 : sum / largest));
}

/** One number a token of a level's grid: the mean of the positions under it. At odd edges fewer lie there. */
export function referenceImportance(
  difference: readonly number[],
  latentH: number,
  latentW: number,
  level: number,
): number[] {
  const side = 2 ** level;
  const importance: number[] = [];
  for (let top = 0; top < latentH; top += side) {
    for (let left = 0; left < latentW; left += side) {
      let sum = 0;
      let count = 0;
      for (let y = top; y < Math.min(top + side, latentH); y++) {
        for (let x = left; x < Math.min(left + side, latentW); x++) {
          sum += difference[y * latentW + x] ?? 0;
          count++;
        }
      }
      importance.push(sum / count);
    }
  }
  return importance;
}

/**
 * The most important token of every whole cell is a destination; of equals, the first.
 * @returns with the closest of these decisions as margin.
 */
export function referenceDestinations(
  { gridH, gridW }: { readonly gridH: number; readonly gridW: number },
  { sx, sy }: { readonly sx: number; readonly sy: number },
  importance: readonly number[],
): Partition & { readonly margin: number } {
  const dst: number[] = [];
  let margin = Infinity;
  for (let top = 0; top + sy <= gridH; top += sy) {
    for (let left = 0; left + sx <= gridW; left += sx) {
      const cell: number[] = [];
      for (let y = top; y < top + sy; y++) for (let x = left; x < left + sx; x++) cell.push(y * gridW + x);
      const [first = -1, second] = cell.toSorted((a, b) => (importance[b] ?? 0) - (importance[a] ?? 0));
      dst.push(first);
      if (second !== undefined)
        margin = Math.min(margin, (importance[first] ?? 0) - (importance[second] ?? 0));
    }
  }
  dst.sort((a, b) => a - b);
  const src = Array.from({ length: gridH * gridW }, (_, token) => token).filter((t) => !dst.includes(t));
  return { dst: Int32Array.from(dst), src: Int32Array.from(src), margin };
}
