import { expect, test } from 'vitest';
import { createTimeLeft } from './time-left.ts';

test('steps to come at the median of those done, then the decoding as it was last time', () => {
  const left = createTimeLeft(500);
  expect(left.remainingMs(4)).toBeNull();
  left.step(900, true);
  left.step(100, true);
  left.step(110, true);
  expect(left.remainingMs(2)).toBe(2 * 110 + 500);
  expect(createTimeLeft(null).remainingMs(2)).toBeNull();
});

test('whole and shallow steps keep their own pace', () => {
  const left = createTimeLeft(0);
  left.step(100, true);
  left.step(10, false);
  left.step(10, false);
  left.step(10, false);
  expect(left.remainingMs(4)).toBe(100 + 3 * 10);
});

test('a decoding that tells how far it is goes on at its pace', () => {
  let nowMs = 0;
  const left = createTimeLeft(60_000, () => nowMs);
  left.step(1000, true);
  nowMs += 3000;
  left.decoded(0.25);
  expect(left.remainingMs(0)).toBe(9000);
  nowMs += 3000;
  left.decoded(0.75);
  expect(left.remainingMs(0)).toBe(2000);
});
