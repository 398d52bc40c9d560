import { describe, expect, it } from 'vitest';
import { coarseFactor, coarsePartition, maxCoarseRatio } from './coarse.ts';

describe('coarseFactor', () => {
  it.each([
    [0, { fx: 1, fy: 1 }],
    [0.2, { fx: 1, fy: 1 }],
    [0.5, { fx: 2, fy: 1 }],
    [0.6, { fx: 2, fy: 1 }],
    [0.75, { fx: 2, fy: 2 }],
    [0.89, { fx: 3, fy: 3 }],
    [0.9375, { fx: 4, fy: 4 }],
    [1, { fx: 8, fy: 8 }],
  ])('comes as close to %d as the grid allows', (ratio, factor) => {
    expect(coarseFactor(64, 64, ratio)).toEqual(factor);
  });

  it('shrinks the longer side first', () => {
    expect(coarseFactor(32, 64, 0.5)).toEqual({ fx: 2, fy: 1 });
    expect(coarseFactor(64, 32, 0.5)).toEqual({ fx: 1, fy: 2 });
  });

  it('never asks more of a grid than one token', () => {
    expect(coarsePartition(1, 1, 1)).toEqual({ dst: Int32Array.of(0), src: new Int32Array() });
    expect(maxCoarseRatio(1, 1)).toBe(0);
    expect(coarsePartition(1, 5, 1).dst).toEqual(Int32Array.of(0));
    expect(maxCoarseRatio(64, 64)).toBe(1 - 1 / 64);
  });
});

describe('coarsePartition', () => {
  it('takes every second token of every second row', () => {
    expect([...coarsePartition(4, 4, 0.75).dst]).toEqual([0, 2, 8, 10]);
    expect([...coarsePartition(4, 4, 0.5).dst]).toEqual([0, 2, 4, 6, 8, 10, 12, 14]);
  });

  it('spreads over odd grids as torch’s nearest does', () => {
    // 5 rows to 2: 0 and ⌊5/2⌋; 7 columns to 3: 0, ⌊7/3⌋, ⌊14/3⌋.
    expect([...coarsePartition(5, 7, 0.8).dst]).toEqual([0, 2, 4, 14, 16, 18]);
  });

  it('leaves no token out of the account, and none twice', () => {
    for (const [h, w] of [
      [13, 17],
      [1, 9],
      [8, 1],
      [6, 6],
    ] as const) {
      for (const ratio of [0, 0.4, 0.75, 1]) {
        const { dst, src } = coarsePartition(h, w, ratio);
        expect([...dst, ...src].sort((a, b) => a - b)).toEqual([...Array(h * w).keys()]);
      }
    }
  });
});
