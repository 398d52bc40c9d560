import { expect, test } from 'vitest';
import { wholePictureMs } from './whole-picture.ts';

test('a picture that was run whole is what it took', () => {
  expect(wholePictureMs(100, [40, 60, 80], 3, 1)).toBe(100);
});

test('missing steps take the median of those after the first', () => {
  expect(wholePictureMs(100, [40, 50, 70, 80], 6, 1)).toBe(120);
});

test('with a step cache each missing step is like those at its place', () => {
  // Steps 0 and 3 are whole, 1, 2 and 4 cheap: 30, 5, 5, 20.
  expect(wholePictureMs(100, [30, 35, 40, 60], 8, 3)).toBe(100 + 5 + 5 + 20 + 5);
});

test('steps of a kind that was not run cannot be told', () => {
  expect(() => wholePictureMs(100, [30, 35], 20, 3)).toThrow('at least 4');
});
