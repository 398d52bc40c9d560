/** How tiles fill a width: square, all alike, no wider than need be. */
export interface Grid {
  readonly columns: number;
  readonly gapPx: number;
  /** A tile and the gap below it. */
  readonly rowPx: number;
}

const smallestTilePx = 184;
const gapPx = 8;

export function gridOf(widthPx: number): Grid {
  const columns = Math.max(2, Math.floor((widthPx + gapPx) / (smallestTilePx + gapPx)));
  return { columns, gapPx, rowPx: (widthPx - gapPx * (columns - 1)) / columns + gapPx };
}
