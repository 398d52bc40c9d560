import { expect, test } from 'vitest';
import { difference, spread } from './statistics.ts';

test('the median of an odd number of values is the middle one, in numeric order', () => {
  expect(spread([100, 9, 20])).toEqual({ median: 20, min: 9, max: 100, count: 3 });
});

test('the median of an even number of values is the mean of the middle two', () => {
  expect(spread([4, 1, 3, 10]).median).toBe(3.5);
});

test('no values have no median', () => {
  expect(() => spread([])).toThrow('at least one');
});

test('the difference is relative to the expected output', () => {
  const { largest, overall } = difference(Float32Array.of(3, 4.5), Float32Array.of(3, 4));
  expect(largest).toBeCloseTo(0.125);
  expect(overall).toBeCloseTo(0.1);
});

test('an output with NaN differs', () => {
  const { largest, overall } = difference(Float32Array.of(NaN, 1), Float32Array.of(1, 1));
  expect(largest).toBeNaN();
  expect(overall).toBeNaN();
});

test('outputs of different lengths are refused', () => {
  expect(() => difference(new Float32Array(2), new Float32Array(3))).toThrow('same number');
});
