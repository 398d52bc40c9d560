import { describe, expect, it } from 'vitest';
import { compareExact, compareTensors, worst } from './compare.ts';

describe('compareTensors', () => {
  it('measures the largest difference against the largest expected value, and says where it is', () => {
    const result = compareTensors('x', [1, -8, 3.5], [1, -8, 3]);
    expect(result).toEqual({ maxRelativeError: 0.5 / 8, detail: 'x[2] is 3.5, expected 3' });
    expect(compareTensors('x', [0.25], [0]).maxRelativeError).toBe(0.25);
    expect(compareTensors('x', [2, 1], [2, 1])).toEqual({ maxRelativeError: 0 });
  });

  it('takes NaN and infinities for an infinite error on either side', () => {
    expect(compareTensors('x', [NaN], [1]).maxRelativeError).toBe(Infinity);
    expect(compareTensors('x', [Infinity], [Infinity]).maxRelativeError).toBe(Infinity);
    expect(compareTensors('x', [1, 2], [1, NaN]).detail).toMatch(/x\[1\]/);
  });

  it('refuses tensors of another size', () => {
    expect(() => compareTensors('x', [1], [1, 2])).toThrow('1 values came out; 2 are expected');
  });
});

describe('compareExact', () => {
  it('is 0 for what is equal, else infinite, at the first difference', () => {
    expect(compareExact('ids', [1, 2], [1, 2])).toEqual({ maxRelativeError: 0 });
    expect(compareExact('ids', [1, 3], [1, 2])).toMatchObject({ maxRelativeError: Infinity });
    expect(compareExact('ids', [1], [1, 2]).detail).toBe('ids[1] is absent, expected 2');
  });
});

it('worst takes the largest error of several', () => {
  expect(worst([{ maxRelativeError: 1 }, { maxRelativeError: Infinity }]).maxRelativeError).toBe(Infinity);
  expect(worst([])).toEqual({ maxRelativeError: 0 });
});
