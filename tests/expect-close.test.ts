import { describe, expect, it } from 'vitest';
import { expectClose, ofLargest } from './expect-close.ts';

const exact = { atol: 0, rtol: 0 };

describe('expectClose', () => {
  it('passes equal numbers and returns the largest error of close ones', () => {
    expect(expectClose([1, 2, Infinity], [1, 2, Infinity], exact)).toBe(0);
    expect(expectClose(Float32Array.of(1.5, 2), [1, 2.25], { atol: 0.5, rtol: 0 })).toBe(0.5);
  });

  it('adds the relative tolerance to the absolute one, element by element', () => {
    const tolerance = { atol: 0.1, rtol: 0.1 };
    expect(expectClose([11.05], [10], tolerance)).toBeCloseTo(1.05, 12);
    expect(() => expectClose([11.15], [10], tolerance)).toThrow('largest error');
    expect(() => expectClose([0.15], [0], tolerance)).toThrow('largest error');
  });

  it('names the first bad index, how many are off, and the largest error of all', () => {
    const actual = { data: [1, 2.5, 3, 8], shape: [2, 2] };
    const expected = { data: [1, 2, 3, 4], shape: [2, 2] };
    expect(() => expectClose(actual, expected, { atol: 0.1, rtol: 0 }, 'image')).toThrow(
      'image: 2 of 4 are off; the first at [0, 1]: 2.5, expected 2; largest error 4, allowed 0.1',
    );
  });

  it('fails on a shape or length that differs, whatever the values', () => {
    const loose = { atol: 1e9, rtol: 1 };
    expect(() =>
      expectClose({ data: [1, 2], shape: [1, 2] }, { data: [1, 2], shape: [2, 1] }, loose),
    ).toThrow('2 values as [1, 2], expected 2 values as [2, 1]');
    expect(() => expectClose([1, 2], [1, 2, 3], loose)).toThrow('2 values, expected 3 values');
    expect(() => expectClose([], [1], loose)).toThrow('0 values, expected 1 values');
  });

  it.each([
    ['an actual NaN', [NaN], [1]],
    ['an expected NaN', [1], [NaN]],
    ['NaN on both sides', [NaN], [NaN]],
    ['an infinity', [Infinity], [1]],
    ['infinities of opposite sign', [Infinity], [-Infinity]],
    ['an infinite expectation', [1], [Infinity]],
  ])('fails on %s, however wide the tolerance', (_, actual, expected) => {
    expect(() => expectClose(actual, expected, { atol: 1e9, rtol: 1 })).toThrow('1 of 1 are off');
  });
});

describe('ofLargest', () => {
  it('is a share of the largest magnitude', () => {
    expect(ofLargest([1, -200, 3], 1e-2)).toEqual({ atol: 2, rtol: 0 });
    expect(() => expectClose([1, 2.1], [1, 2], ofLargest([1, 2], 1e-2))).toThrow('the first at [1]');
  });
});
