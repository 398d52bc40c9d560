import type { MergeMaps } from '#contract/archive/merge-maps.ts';

/** Numbers that look random and are the same every time (mulberry32). */
export function dice(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

export interface FieldOptions {
  readonly gridW: number;
  readonly gridH: number;
  readonly steps: number;
  readonly batch: number;
  readonly ratio: number;
  readonly seed: number;
}

/** Maps as merging draws them: one destination in each 2×2 cell, merged tokens going to one somewhere near. */
export function fieldOf({ gridW, gridH, steps, batch, ratio, seed }: FieldOptions): MergeMaps {
  const roll = dice(seed);
  const [cellsW, cellsH] = [gridW >> 1, gridH >> 1];
  const tokens = gridW * gridH;
  const map = new Int32Array(steps * batch * tokens);
  const destinations = new Int32Array(steps * cellsW * cellsH);
  const near = (cell: number, count: number) =>
    Math.min(count - 1, Math.max(0, cell + Math.round((roll() + roll() + roll() - 1.5) * 4)));
  for (let step = 0; step < steps; step++) {
    const of = destinations.subarray(step * cellsW * cellsH, (step + 1) * cellsW * cellsH);
    for (let cell = 0; cell < of.length; cell++) {
      const [x, y] = [cell % cellsW, Math.floor(cell / cellsW)];
      of[cell] = (2 * y + Math.floor(roll() * 2)) * gridW + 2 * x + Math.floor(roll() * 2);
    }
    const isDestination = new Set(of);
    for (let row = 0; row < batch; row++)
      for (let token = 0; token < tokens; token++) {
        const [x, y] = [token % gridW, Math.floor(token / gridW)];
        const goes = !isDestination.has(token) && roll() < ratio / 0.75;
        const cell = near(y >> 1, cellsH) * cellsW + near(x >> 1, cellsW);
        map[(step * batch + row) * tokens + token] = goes ? (of[cell] ?? token) : token;
      }
  }
  return {
    steps: Array.from({ length: steps }, (_, i) => ({
      call: i + 1,
      timestep: 999 - i,
      effectiveRatio: ratio,
    })),
    grids: [{ gridW, gridH, rows: 1, destinations }],
    blocks: [{ block: 'down_blocks.0.attentions.0', gridW, gridH, batch, map }],
  };
}
