import { describe, expect, it } from 'vitest';
import { choosePartition, maxRatio, type PartitionKind } from './partition.ts';
import { createRandom } from './random.ts';

const kinds: readonly PartitionKind[] = ['cells-random', 'cells-fixed', 'columns', 'random'];
const cells = [
  [1, 1],
  [2, 2],
  [1, 2],
  [2, 1],
  [3, 2],
  [4, 4],
  [16, 16],
] as const;
const grids = [
  [8, 8],
  [7, 9],
  [12, 4],
  [5, 1],
  [1, 5],
  [1, 1],
  [3, 3],
  [13, 17],
] as const;
const seeded = (seed: number) => createRandom([seed, 0, 0, 0]);

/** Every combination, so that a failure names its own. */
const combinations = kinds.flatMap((kind) =>
  cells.flatMap(([sx, sy]) => grids.map(([h, w]) => ({ kind, sx, sy, h, w }))),
);

describe('choosePartition', () => {
  it.each(combinations)('splits $h×$w by $kind $sx×$sy into rising lists', ({ kind, sx, sy, h, w }) => {
    const { dst, src } = choosePartition(h, w, { kind, sx, sy }, seeded(1));
    expect([...dst, ...src].sort((a, b) => a - b)).toEqual([...Array(h * w).keys()]);
    for (const list of [dst, src]) expect([...list]).toEqual([...list].sort((a, b) => a - b));
    const expected = {
      'cells-random': Math.floor(h / sy) * Math.floor(w / sx),
      'cells-fixed': Math.floor(h / sy) * Math.floor(w / sx),
      columns: h * Math.ceil(w / 2),
      random: Math.floor((h * w) / (sx * sy)),
    };
    expect(dst).toHaveLength(expected[kind]);
    expect(maxRatio({ dst, src })).toBe(dst.length === 0 ? 0 : src.length / (h * w));
  });

  it('puts one destination into every whole cell and none into what the edge cuts off', () => {
    const [h, w, sx, sy] = [7, 11, 3, 2];
    for (let seed = 0; seed < 20; seed++) {
      const { dst } = choosePartition(h, w, { kind: 'cells-random', sx, sy }, seeded(seed));
      const owners = [...dst].map((n) => `${Math.floor(n / w / sy)},${Math.floor((n % w) / sx)}`);
      expect(new Set(owners).size).toBe(3 * 3);
      for (const n of dst) {
        expect(Math.floor(n / w)).toBeLessThan(6);
        expect(n % w).toBeLessThan(9);
      }
    }
  });

  it('takes the top left token of fixed cells, whatever the dice say', () => {
    const one = choosePartition(4, 6, { kind: 'cells-fixed', sx: 3, sy: 2 }, seeded(1));
    expect([...one.dst]).toEqual([0, 3, 12, 15]);
    expect(choosePartition(4, 6, { kind: 'cells-fixed', sx: 3, sy: 2 }, seeded(2))).toEqual(one);
  });

  it('takes every second column', () => {
    const { dst } = choosePartition(2, 5, { kind: 'columns', sx: 2, sy: 2 }, seeded(1));
    expect([...dst]).toEqual([0, 2, 4, 5, 7, 9]);
  });

  it('allows 1 − 1/(sx·sy) where cells fit the grid', () => {
    for (const [sx, sy] of [
      [2, 2],
      [4, 2],
      [1, 1],
    ] as const) {
      const partition = choosePartition(8, 8, { kind: 'cells-random', sx, sy }, seeded(3));
      expect(maxRatio(partition)).toBe(1 - 1 / (sx * sy));
    }
  });

  it('draws each position of a cell about equally often', () => {
    const [sx, sy, rounds] = [3, 2, 500];
    const counts = Array<number>(sx * sy).fill(0);
    const random = seeded(5);
    for (let i = 0; i < rounds; i++) {
      for (const n of choosePartition(8, 9, { kind: 'cells-random', sx, sy }, random).dst) {
        const place = (Math.floor(n / 9) % sy) * sx + ((n % 9) % sx);
        counts[place] = (counts[place] ?? 0) + 1;
      }
    }
    // 12 cells: 6000 draws, 1000 each; the standard deviation is 29.
    for (const count of counts) expect(Math.abs(count - 1000)).toBeLessThan(150);
  });

  it('draws each token of the grid about equally often when tokens are chosen anywhere', () => {
    const counts = Array<number>(30).fill(0);
    const random = seeded(6);
    for (let i = 0; i < 3000; i++) {
      for (const n of choosePartition(5, 6, { kind: 'random', sx: 2, sy: 2 }, random).dst)
        counts[n] = (counts[n] ?? 0) + 1;
    }
    // 7 of 30 tokens in 3000 rounds: 700 each; the standard deviation is 23.
    for (const count of counts) expect(Math.abs(count - 700)).toBeLessThan(120);
  });
});
