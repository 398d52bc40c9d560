import { expect, test } from 'vitest';
import { f16ToNumber } from '#library/float16.ts';
import { toFloat16 } from './float16.ts';

test('every half-precision number keeps its bits', () => {
  const changed: number[] = [];
  for (let bits = 0; bits < 0x10000; bits++) {
    const isFinite = ((bits >> 10) & 0x1f) !== 0x1f;
    // Minus zero becomes zero: weights do not tell them apart.
    if (isFinite && bits !== 0x8000 && toFloat16(f16ToNumber(bits)) !== bits) changed.push(bits);
  }
  expect(changed).toEqual([]);
});

test('numbers between two are rounded to the nearer', () => {
  expect(f16ToNumber(toFloat16(1 + 0.6 / 1024))).toBe(1 + 1 / 1024);
  expect(f16ToNumber(toFloat16(1.99999))).toBe(2);
});

test.each([65_505, NaN, -Infinity])('%d does not fit', (value) => {
  expect(() => toFloat16(value)).toThrow('half precision');
});
