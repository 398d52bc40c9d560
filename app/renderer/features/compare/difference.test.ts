import { describe, expect, it } from 'vitest';
import { divergingColour, divergingTable } from './difference-colours.ts';
import { differenceOf, fullScale, gains, paintDifference, suggestGain } from './difference.ts';

/** A small generator of its own: the same pictures in every run. */
function picture(pixels: number, seed: number): Uint8ClampedArray {
  let state = seed;
  return Uint8ClampedArray.from({ length: 4 * pixels }, () => {
    state = (1103515245 * state + 12345) % 2147483648;
    return state % 256;
  });
}

function slowValue(a: readonly number[], b: readonly number[]): number {
  const steps = [0, 1, 2].map((i) => (b[i] ?? 0) - (a[i] ?? 0));
  const luma = 0.299 * (steps[0] ?? 0) + 0.587 * (steps[1] ?? 0) + 0.114 * (steps[2] ?? 0);
  const largest = Math.max(...steps.map(Math.abs));
  return luma >= -1e-9 ? largest : -largest;
}

describe('the difference of two pictures', () => {
  const a = picture(500, 1);
  const b = picture(500, 2);
  const { values, summary } = differenceOf(a, b);

  it('is what a slow loop finds, at every pixel', () => {
    const pixel = (of: Uint8ClampedArray, i: number) => Array.from(of.subarray(4 * i, 4 * i + 4));
    for (let i = 0; i < 500; i++) expect(values[i]).toBe(slowValue(pixel(a, i), pixel(b, i)));
  });

  it('is summed up by size', () => {
    const sizes = Array.from(values, Math.abs);
    expect(summary.largest).toBe(Math.max(...sizes));
    expect(summary.mean).toBeCloseTo(sizes.reduce((sum, size) => sum + size, 0) / 500, 10);
    expect(summary.shareChanged).toBe(sizes.filter((size) => size > 0).length / 500);
    expect(Array.from(summary.histogram).reduce((sum, count) => sum + count, 0)).toBe(500);
  });

  it('turns its sign round when the pictures change places, and is nothing for equal ones', () => {
    const back = differenceOf(b, a).values;
    for (let i = 0; i < 500; i++) expect(Math.abs(back[i] ?? 0)).toBe(Math.abs(values[i] ?? 0));
    const lighter = Uint8ClampedArray.of(10, 10, 10, 255);
    const darker = Uint8ClampedArray.of(7, 7, 7, 255);
    expect(differenceOf(darker, lighter).values[0]).toBe(3);
    expect(differenceOf(lighter, darker).values[0]).toBe(-3);
    expect(differenceOf(a, a).summary).toMatchObject({ largest: 0, mean: 0, shareChanged: 0 });
  });

  it('shows a change of colour that leaves the luma as it was', () => {
    const grey = Uint8ClampedArray.of(100, 100, 100, 255);
    const tinted = Uint8ClampedArray.of(200, 49, 100, 255);
    expect(Math.abs(differenceOf(grey, tinted).values[0] ?? 0)).toBe(100);
  });

  it('refuses pictures of different sizes, with both told', () => {
    expect(() => differenceOf(a, a.subarray(4))).toThrow(/500 and 499 pixels/);
  });
});

describe('the gain', () => {
  it('is the largest that leaves a hundredth of the pixels beyond the scale', () => {
    const histogram = new Uint32Array(256);
    histogram[0] = 900;
    histogram[30] = 95;
    histogram[200] = 5;
    const suggested = suggestGain({ histogram, largest: 200, mean: 0, shareChanged: 0.1 });
    expect(suggested).toBe(8);
    const beyond = (gain: number) => (30 > 255 / gain ? 95 : 0) + (200 > 255 / gain ? 5 : 0);
    expect(gains.filter((gain) => beyond(gain) <= 10).at(-1)).toBe(suggested);
  });
});

describe('the colours', () => {
  for (const theme of ['dark', 'light'] as const) {
    it(`are grey at zero and leave it evenly to both sides (${theme})`, () => {
      const [r, g, b] = divergingColour(0, theme);
      expect(Math.max(r, g, b) - Math.min(r, g, b)).toBeLessThanOrEqual(1);
      const far = (share: number) =>
        divergingColour(share, theme).reduce((sum, byte, i) => sum + Math.abs(byte - ([r, g, b][i] ?? 0)), 0);
      for (const side of [-1, 1])
        for (let i = 1; i < 10; i++) expect(far((side * (i + 1)) / 10)).toBeGreaterThan(far((side * i) / 10));
    });
  }

  it('are taken from the table with the gain, and stay inside the scale', () => {
    const table = divergingTable('dark');
    const values = Int16Array.of(0, 10, -10, 200, -255);
    const painted = new Uint8ClampedArray(4 * values.length);
    paintDifference(values, 4, table, painted);
    const expected = [0, 40, -40, fullScale, -fullScale].flatMap((value) => [
      ...divergingColour(value / fullScale, 'dark'),
      255,
    ]);
    expect(Array.from(painted)).toEqual(expected);
  });
});
