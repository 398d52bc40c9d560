import { describe, expect, it } from 'vitest';
import { createRandom, partitionWords } from './random.ts';

const draws = (words: [number, number, number, number], count = 4) => {
  const random = createRandom(words);
  return Array.from({ length: count }, random);
};

describe('createRandom', () => {
  it('gives the same numbers for the same words', () => {
    expect(draws([1, 2, 3, 4])).toEqual(draws([1, 2, 3, 4]));
  });

  it.each([0, 1, 2, 3])('gives others when word %i alone differs', (index) => {
    const words: [number, number, number, number] = [7, 7, 7, 7];
    words[index] = 8;
    expect(draws(words)).not.toEqual(draws([7, 7, 7, 7]));
    expect(draws(words, 1)).not.toEqual(draws([7, 7, 7, 7], 1));
  });

  it('stays in [0, 1) with mean ½ and fills every tenth evenly', () => {
    const values = draws([0, 0, 0, 0], 20_000);
    const tenths = Array<number>(10).fill(0);
    for (const value of values) tenths[Math.floor(value * 10)] = (tenths[Math.floor(value * 10)] ?? 0) + 1;
    expect(tenths).toHaveLength(10);
    // 2000 each; the standard deviation is 42.
    for (const count of tenths) expect(Math.abs(count - 2000)).toBeLessThan(250);
    expect(values.reduce((a, b) => a + b) / values.length).toBeCloseTo(0.5, 1);
  });
});

describe('partitionWords', () => {
  it('tells apart every seed, step, level and sample', () => {
    const words = new Set<string>();
    for (const seed of [0, 1, 2 ** 32, 2 ** 32 + 1, 2 ** 53 - 1])
      for (const step of [0, 1, 999])
        for (const level of [0, 1, 3])
          for (const sample of [0, 1, 7]) words.add(partitionWords(seed, step, level, sample).join());
    expect(words.size).toBe(5 * 3 * 3 * 3);
  });
});
