import type { MergeBlock, MergeMaps } from '#contract/archive/merge-maps.ts';

/** One block at one step, for one half of guidance: all that is drawn of it. */
export interface Frame {
  readonly gridW: number;
  readonly gridH: number;
  /** For each token, the token that stands for it; −1 where it was pruned. */
  readonly map: Int32Array;
  /** 1 where the token was a destination. */
  readonly destination: Uint8Array;
  /** Tokens that stand behind this one, itself among them; 0 where another stands for it. */
  readonly behind: Uint32Array;
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
  const { gridW, gridH } = block;
  const map = rowOf(block, stepIndex, half);
  const behind = new Uint32Array(map.length);
  let merged = 0;
  for (let i = 0; i < map.length; i++) {
    const to = map[i] ?? -1;
    if (to !== i) merged++;
    if (to >= 0) behind[to] = (behind[to] ?? 0) + 1;
  }
  let maxBehind = 1;
  for (const count of behind) if (count > maxBehind) maxBehind = count;
  const destination = destinationsOf(maps, block, stepIndex, half);
  return { gridW, gridH, map, destination, behind, maxBehind, merged };
}

/** A view of one step's map, not a copy. */
function rowOf({ gridW, gridH, batch, map }: MergeBlock, stepIndex: number, half: number): Int32Array {
  const tokens = gridW * gridH;
  const start = (stepIndex * batch + Math.min(half, batch - 1)) * tokens;
  return map.subarray(start, start + tokens);
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

/** Tokens of one block at one step for which another stands, or none: without the rest of the frame. */
export function mergedCount(maps: MergeMaps, blockIndex: number, stepIndex: number, half: number): number {
  const block = maps.blocks[blockIndex];
  if (block === undefined) return 0;
  const map = rowOf(block, stepIndex, half);
  let merged = 0;
  for (let i = 0; i < map.length; i++) if (map[i] !== i) merged++;
  return merged;
}

/** How often each place was merged away, over all steps. */
export function frequencyOf(maps: MergeMaps, blockIndex: number, half: number): Uint16Array {
  const block = maps.blocks[blockIndex];
  if (block === undefined) return new Uint16Array();
  const out = new Uint16Array(block.gridW * block.gridH);
  for (let step = 0; step < maps.steps.length; step++) {
    const map = rowOf(block, step, half);
    for (let i = 0; i < map.length; i++) if (map[i] !== i) out[i] = (out[i] ?? 0) + 1;
  }
  return out;
}

/** Whether the two halves of guidance merged differently in this block, at any step. */
export function halvesDiffer({ gridW, gridH, batch, map }: MergeBlock): boolean {
  if (batch < 2) return false;
  const tokens = gridW * gridH;
  for (let start = 0; start < map.length; start += batch * tokens)
    for (let i = start; i < start + tokens; i++) if (map[i] !== map[i + tokens]) return true;
  return false;
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
