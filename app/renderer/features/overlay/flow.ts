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
    if (ways.length > mostLines && tile !== tiles.at(-1)) continue;
    // Lines to one place share a colour: that of the group, or one for each tile.
    const hueOf = (from: number, to: number): number =>
      tile === 1 ? (colours[from] ?? 0) : (to * 7) % groupHueCount;
    return linesOf(frame, ways, { tile, mostLines, hueOf });
  }
  throw new RangeError('There is always a last tile.');
}

/** What goes from one tile to another: how many tokens, and the sums of where they were and went. */
interface Way {
  readonly from: number;
  readonly to: number;
  count: number;
  fromX: number;
  fromY: number;
  toX: number;
  toY: number;
}

function waysByTile({ map, gridW, gridH }: Frame, tile: number): Way[] {
  const across = Math.ceil(gridW / tile);
  const count = across * Math.ceil(gridH / tile);
  const ways = new Map<number, Way>();
  for (let token = 0; token < map.length; token++) {
    const head = map[token] ?? -1;
    if (head < 0 || head === token) continue;
    const [x, toX] = [token % gridW, head % gridW];
    const [y, toY] = [(token - x) / gridW, (head - toX) / gridW];
    const from = Math.floor(y / tile) * across + Math.floor(x / tile);
    const to = Math.floor(toY / tile) * across + Math.floor(toX / tile);
    if (from === to) continue;
    const key = from * count + to;
    const way = ways.get(key) ?? { from, to, count: 0, fromX: 0, fromY: 0, toX: 0, toY: 0 };
    ways.set(key, way);
    way.count++;
    way.fromX += x + 0.5;
    way.fromY += y + 0.5;
    way.toX += toX + 0.5;
    way.toY += toY + 0.5;
  }
  return [...ways.values()];
}

interface Bundling {
  readonly tile: number;
  readonly mostLines: number;
  readonly hueOf: (from: number, to: number) => number;
}

/** Each bundle runs from the middle of where its tokens were to the middle of where they went. */
function linesOf({ merged }: Frame, ways: Way[], { tile, mostLines, hueOf }: Bundling): Flow {
  const strongest = ways.sort((a, b) => a.count - b.count).slice(-mostLines);
  const lines = new Float32Array(strongest.length * numbersPerLine);
  let drawn = 0;
  strongest.forEach(({ from, to, count, fromX, fromY, toX, toY }, i) => {
    drawn += count;
    const ends = [fromX / count, fromY / count, toX / count, toY / count];
    lines.set([...ends, count, hueOf(from, to)], i * numbersPerLine);
  });
  return { lines, lineCount: strongest.length, drawn, merged, tile };
}
