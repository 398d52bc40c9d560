import type { MergeMaps } from '#contract/archive/merge-maps.ts';

/** One block at one step, for one half of guidance: all that is drawn of it. */
export interface Frame {
  readonly gridW: number;
  readonly gridH: number;
  /** For each token, the token that stands for it; −1 where it was pruned. */
  readonly map: Int32Array;
  /** 1 where the token was a destination. */
  readonly destination: Uint8Array;
  /** Tokens that stand behind this one, itself among them; 0 where another stands for it. */
  readonly behind: Uint16Array;
  readonly maxBehind: number;
  /** Tokens for which another stands, or none. */
  readonly merged: number;
}

export function frameOf(
  maps: MergeMaps,
  blockIndex: number,
  stepIndex: number,
  half: number,
): Frame | undefined {
  const block = maps.blocks[blockIndex];
  if (block === undefined || stepIndex < 0 || stepIndex >= maps.steps.length) return undefined;
  const { gridW, gridH, batch } = block;
  const tokens = gridW * gridH;
  const row = Math.min(half, batch - 1);
  const start = (stepIndex * batch + row) * tokens;
  const map = block.map.subarray(start, start + tokens);
  const behind = new Uint16Array(tokens);
  let merged = 0;
  for (let i = 0; i < tokens; i++) {
    const to = map[i] ?? -1;
    if (to !== i) merged++;
    if (to >= 0) behind[to] = (behind[to] ?? 0) + 1;
  }
  let maxBehind = 1;
  for (const count of behind) maxBehind = Math.max(maxBehind, count);
  return {
    gridW,
    gridH,
    map,
    destination: destinationsOf(maps, block, stepIndex, row),
    behind,
    maxBehind,
    merged,
  };
}

function destinationsOf(
  maps: MergeMaps,
  { gridW, gridH }: { gridW: number; gridH: number },
  stepIndex: number,
  half: number,
): Uint8Array {
  const marks = new Uint8Array(gridW * gridH);
  const grid = maps.grids.find((each) => each.gridW === gridW && each.gridH === gridH);
  if (grid === undefined) return marks;
  const count = grid.destinations.length / maps.steps.length / grid.rows;
  const start = (stepIndex * grid.rows + Math.min(half, grid.rows - 1)) * count;
  for (const at of grid.destinations.subarray(start, start + count)) if (at >= 0) marks[at] = 1;
  return marks;
}

/** How often each place was merged away, over all steps. */
export function frequencyOf(maps: MergeMaps, blockIndex: number, half: number): Uint16Array {
  const block = maps.blocks[blockIndex];
  if (block === undefined) return new Uint16Array();
  const tokens = block.gridW * block.gridH;
  const out = new Uint16Array(tokens);
  const row = Math.min(half, block.batch - 1);
  for (let step = 0; step < maps.steps.length; step++) {
    const start = (step * block.batch + row) * tokens;
    for (let i = 0; i < tokens; i++) if (block.map[start + i] !== i) out[i] = (out[i] ?? 0) + 1;
  }
  return out;
}

export type TokenKind = 'kept' | 'merged' | 'destination' | 'pruned';

export function kindOf({ map, destination }: Frame, token: number): TokenKind {
  const to = map[token] ?? token;
  if (to < 0) return 'pruned';
  if (to !== token) return 'merged';
  return destination[token] === 1 ? 'destination' : 'kept';
}

/** The tokens that one token stands for, itself among them. */
export function groupOf({ map }: Frame, token: number): number[] {
  const head = map[token] ?? token;
  if (head < 0) return [token];
  const members: number[] = [];
  for (let i = 0; i < map.length; i++) if (map[i] === head) members.push(i);
  return members;
}

/** The token under a point of the picture, both from 0 to 1; undefined outside. */
export function tokenAt(
  { gridW, gridH }: { gridW: number; gridH: number },
  x: number,
  y: number,
): number | undefined {
  if (x < 0 || y < 0 || x >= 1 || y >= 1) return undefined;
  return Math.floor(y * gridH) * gridW + Math.floor(x * gridW);
}
