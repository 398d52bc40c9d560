/** The difference of two pictures, point by point: how far, and to which side. Pure; the worker runs it. */

/** Largest difference of two bytes. */
export const fullScale = 255;

export interface Difference {
  /** Row-major, −255 to 255: the channel that differs most, with the sign of the change in luma (B lighter = positive). */
  readonly values: Int16Array;
  readonly summary: DifferenceSummary;
}

export interface DifferenceSummary {
  /** Pixels at each size of difference, 0 to 255. */
  readonly histogram: Uint32Array;
  readonly largest: number;
  readonly mean: number;
  /** 0 to 1: pixels that differ at all. */
  readonly shareChanged: number;
}

/** Two pictures of the same size as RGBA bytes; alpha is not looked at. */
export function differenceOf(a: Uint8ClampedArray, b: Uint8ClampedArray): Difference {
  if (a.length !== b.length)
    throw new RangeError(
      `Pictures of ${a.length / 4} and ${b.length / 4} pixels cannot be laid over one another; both must have the same size.`,
    );
  const values = new Int16Array(a.length / 4);
  const histogram = new Uint32Array(fullScale + 1);
  for (let i = 0, p = 0; i < values.length; i++, p += 4) {
    const red = (b[p] ?? 0) - (a[p] ?? 0);
    const green = (b[p + 1] ?? 0) - (a[p + 1] ?? 0);
    const blue = (b[p + 2] ?? 0) - (a[p + 2] ?? 0);
    const size = Math.max(Math.abs(red), Math.abs(green), Math.abs(blue));
    // ITU-R BT.601 in thousandths: whole numbers, so that an equal luma is exactly zero.
    const lighter = 299 * red + 587 * green + 114 * blue >= 0;
    values[i] = lighter ? size : -size;
    histogram[size] = (histogram[size] ?? 0) + 1;
  }
  return { values, summary: summarise(histogram) };
}

function summarise(histogram: Uint32Array): DifferenceSummary {
  const pixels = histogram.reduce((sum, count) => sum + count, 0);
  const weighted = histogram.reduce((sum, count, size) => sum + count * size, 0);
  return {
    histogram,
    largest: histogram.findLastIndex((count) => count > 0),
    mean: pixels === 0 ? 0 : weighted / pixels,
    shareChanged: pixels === 0 ? 0 : 1 - (histogram[0] ?? 0) / pixels,
  };
}

/** The scale ends at fullScale / gain. */
export const gains = [1, 2, 4, 8, 16, 32] as const;
const strongShare = 0.01;

/** The largest gain at which no more than a hundredth of the pixels lies beyond the scale. */
export function suggestGain({ histogram }: DifferenceSummary): number {
  const pixels = histogram.reduce((sum, count) => sum + count, 0);
  const beyond = (gain: number): number =>
    histogram.reduce((sum, count, size) => (size > fullScale / gain ? sum + count : sum), 0);
  return gains.findLast((gain) => beyond(gain) <= strongShare * pixels) ?? 1;
}

/** Paints values with a table of colours (see difference-colours.ts) into RGBA bytes. */
export function paintDifference(
  values: Int16Array,
  gain: number,
  table: Uint8ClampedArray,
  into: Uint8ClampedArray,
): void {
  for (let i = 0, p = 0; i < values.length; i++, p += 4) {
    const value = (values[i] ?? 0) * gain;
    const at = 4 * (Math.min(fullScale, Math.max(-fullScale, value)) + fullScale);
    into[p] = table[at] ?? 0;
    into[p + 1] = table[at + 1] ?? 0;
    into[p + 2] = table[at + 2] ?? 0;
    into[p + 3] = 255;
  }
}
