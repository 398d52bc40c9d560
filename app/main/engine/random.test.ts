import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { createTorchGenerator } from './random.ts';

interface RandnCase {
  readonly seed: number;
  readonly shape: readonly number[];
  readonly first: readonly number[];
  readonly last: readonly number[];
  readonly sum: number;
  readonly second_first: readonly number[];
}
const golden = JSON.parse(readFileSync('tests/golden/torch-randn.json', 'utf8')) as {
  readonly cases: readonly RandnCase[];
};

/** float32 log, cos and sin differ from torch's vector routines by a rounding: measured at most 2.4e-7. */
const tolerance = 1e-6;

function largestDifference(actual: Float32Array, expected: readonly number[]): number {
  expect(actual.length).toBe(expected.length);
  return Math.max(...expected.map((value, i) => Math.abs(value - (actual[i] ?? NaN))));
}

describe('createTorchGenerator', () => {
  it.each(golden.cases)('draws what torch draws for seed $seed and shape $shape', (example) => {
    const generator = createTorchGenerator(example.seed);
    const count = example.shape.reduce((product, side) => product * side, 1);
    const values = generator.randn(count);
    expect(values).toHaveLength(count);
    expect(largestDifference(values.slice(0, example.first.length), example.first)).toBeLessThan(tolerance);
    expect(largestDifference(values.slice(-example.last.length), example.last)).toBeLessThan(tolerance);
    expect(Math.abs(values.reduce((sum, value) => sum + value, 0) - example.sum)).toBeLessThan(1e-3);
    const second = generator.randn(count).slice(0, example.second_first.length);
    expect(largestDifference(second, example.second_first)).toBeLessThan(tolerance);
  });

  it('gives another picture for another seed, and the same for seeds that agree in their lowest 32 bits', () => {
    expect(createTorchGenerator(1).randn(16)).not.toEqual(createTorchGenerator(2).randn(16));
    expect(createTorchGenerator(5).randn(16)).toEqual(createTorchGenerator(2 ** 32 + 5).randn(16));
  });

  it('draws nothing for a count of 0', () => {
    expect(createTorchGenerator(0).randn(0)).toHaveLength(0);
  });
});
