import { describe, expect, it } from 'vitest';
import { mergedCount, ratioAtStep } from './ratio.ts';

describe('ratioAtStep', () => {
  it('runs linearly from the first step to the last', () => {
    expect([0, 1, 2, 3, 4].map((i) => ratioAtStep(0.75, 0.25, i, 5))).toEqual([
      0.75, 0.625, 0.5, 0.375, 0.25,
    ]);
    expect([0, 1, 2].map((i) => ratioAtStep(0, 1, i, 3))).toEqual([0, 0.5, 1]);
    expect(ratioAtStep(0.3, 0.3, 7, 9)).toBe(0.3);
  });

  it('starts at the start when there is one step', () => {
    expect(ratioAtStep(0.6, 0, 0, 1)).toBe(0.6);
  });
});

describe('mergedCount', () => {
  it('is ⌊N·ratio⌋, as in tomesd', () => {
    expect(mergedCount(63, 51, 0.4)).toBe(25);
    expect(mergedCount(64, 48, 0.5)).toBe(32);
    expect(mergedCount(64, 48, 0)).toBe(0);
    expect(mergedCount(3, 2, 0.3)).toBe(0);
  });

  it('stops at the number of sources', () => {
    expect(mergedCount(64, 48, 0.9)).toBe(48);
    expect(mergedCount(64, 48, 1)).toBe(48);
  });

  it('is nothing where nothing can be merged', () => {
    expect(mergedCount(9, 0, 0.5)).toBe(0);
  });
});
