import type { Frame } from './frame.ts';
import { groupHueCount } from './palette.ts';

/** Where merged tokens went, as lines. Coordinates in tokens, from the middle of one to the middle of another. */
export interface Flow {
  /** Six numbers a line: from x, y, to x, y, how many tokens go this way, and a colour number. Thickest last. */
  readonly lines: Float32Array;
  readonly lineCount: number;
  /** Merged tokens that the lines stand for. */
  readonly drawn: number;
  /** Merged tokens in all. */
  readonly merged: number;
  /** Tokens along the side of the tiles that lines were bundled by; 1 = one line a token. */
  readonly tile: number;
}

export const numbersPerLine = 6;
const tiles = [1, 2, 4, 8, 16, 32] as const;

/**
 * One line for each merged token where there are few enough; else lines from tile to tile, thicker the more tokens go that
 * way. Those that stay within their tile are too short to be seen and are left out; so are the thinnest beyond `mostLines`.
 */
export function flowOf(frame: Frame, colours: Uint8Array, mostLines: number): Flow {
  for (const tile of tiles) {
    const ways = waysByTile(frame, tile);
    if (ways.size > mostLines && tile !== tiles.at(-1)) continue;
    // Lines to one place share a colour: that of the group, or one for each tile.
    const hueOf = (from: number, to: number): number =>
      tile === 1 ? (colours[from] ?? 0) : (to * 7) % groupHueCount;
    return linesOf(frame, ways, { tile, mostLines, hueOf });
  }
  throw new RangeError('There is always a last tile.');
}

/** From tile · tiles + to tile → how many tokens. */
function waysByTile({ map, gridW, gridH }: Frame, tile: number): Map<number, number> {
  const across = Math.ceil(gridW / tile);
  const count = across * Math.ceil(gridH / tile);
  const tileOf = (token: number): number =>
    Math.floor(Math.floor(token / gridW) / tile) * across + Math.floor((token % gridW) / tile);
  const ways = new Map<number, number>();
  for (let i = 0; i < map.length; i++) {
    const to = map[i] ?? -1;
    if (to < 0 || to === i) continue;
    const [here, there] = [tileOf(i), tileOf(to)];
    if (here === there) continue;
    const way = here * count + there;
    ways.set(way, (ways.get(way) ?? 0) + 1);
  }
  return ways;
}

interface Bundling {
  readonly tile: number;
  readonly mostLines: number;
  readonly hueOf: (from: number, to: number) => number;
}

function linesOf(
  { gridW, gridH, merged }: Frame,
  ways: Map<number, number>,
  { tile, mostLines, hueOf }: Bundling,
): Flow {
  const across = Math.ceil(gridW / tile);
  const count = across * Math.ceil(gridH / tile);
  const strongest = [...ways].sort((a, b) => a[1] - b[1]).slice(-mostLines);
  const lines = new Float32Array(strongest.length * numbersPerLine);
  let drawn = 0;
  const middle = (at: number, size: number): number => Math.min(size, at * tile + tile / 2);
  strongest.forEach(([way, tokens], i) => {
    const from = Math.floor(way / count);
    const to = way % count;
    drawn += tokens;
    lines.set(
      [
        middle(from % across, gridW),
        middle(Math.floor(from / across), gridH),
        middle(to % across, gridW),
        middle(Math.floor(to / across), gridH),
        tokens,
        hueOf(from, to),
      ],
      i * numbersPerLine,
    );
  });
  return { lines, lineCount: strongest.length, drawn, merged, tile };
}
