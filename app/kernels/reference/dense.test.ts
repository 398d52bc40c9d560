import { describe, expect, it } from 'vitest';
import {
  attentionRows,
  erf,
  fromRows,
  gelu,
  groupNormRows,
  layerNormRows,
  linearRows,
  toRows,
  transposed,
} from './dense.ts';

describe('the dense oracles, by hand', () => {
  it('lays rows out and back', () => {
    expect(toRows([1, 2, 3, 4, 5, 6], 2)).toEqual([
      [1, 2],
      [3, 4],
      [5, 6],
    ]);
    expect(fromRows(transposed(toRows([1, 2, 3, 4], 2)))).toEqual(Float32Array.of(1, 3, 2, 4));
  });

  it('multiplies by torch’s [out, in] weights', () => {
    expect(linearRows([[1, 2]], [1, 0, 0, 1, 1, 1], [0, 10, 100])).toEqual([[1, 12, 103]]);
    expect(linearRows([[1, 2]], [3, 4])).toEqual([[11]]);
  });

  it('normalises a token over its channels, and a group over its tokens', () => {
    const [row] = layerNormRows([[1, 3]], [2, 2], [0.5, 0.5], 0);
    expect(row).toEqual([-1.5, 2.5]);
    const grouped = groupNormRows(
      [
        [1, 10, 5, 5],
        [3, 12, 5, 7],
      ],
      2,
      [1, 1, 1, 1],
      [0, 0, 0, 0],
      0,
    );
    const deviation = Math.sqrt(85 / 4);
    expect(grouped[0]?.[0]).toBeCloseTo((1 - 6.5) / deviation, 12);
    expect(grouped[1]?.[3]).toBeCloseTo(1.5 / Math.sqrt(0.75), 12);
  });

  it('attends head by head', () => {
    const q = [[1, 0]];
    const k = [
      [Math.log(3), 0],
      [0, 0],
    ];
    const v = [
      [4, 8],
      [0, 0],
    ];
    // One channel a head: weights ¾ and ¼ in the first head, ½ and ½ in the second.
    const [row = []] = attentionRows(q, k, v, 2);
    expect(row[0]).toBeCloseTo(3, 12);
    expect(row[1]).toBeCloseTo(4, 12);
  });

  it('knows erf from tables (Abramowitz & Stegun, table 7.1)', () => {
    expect(erf(0)).toBe(0);
    expect(erf(0.5)).toBeCloseTo(0.5204998778, 10);
    expect(erf(-1)).toBeCloseTo(-0.8427007929, 10);
    expect(erf(2)).toBeCloseTo(0.995322265, 9);
    expect(Math.abs(erf(3.99) - erf(4.01))).toBeLessThan(3e-8);
    expect(gelu(1)).toBeCloseTo(0.8413447461, 9);
  });
});
