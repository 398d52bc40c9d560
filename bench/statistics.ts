/** Figures of repeated runs. The median is what is reported: one slow run (another program, a hot processor) does not move it. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
  readonly count: number;
}

export function spread(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  const min = sorted[0];
  const max = sorted.at(-1);
  if (min === undefined || max === undefined)
    throw new RangeError('There is no median of no values: give at least one.');
  const upper = sorted[Math.floor(sorted.length / 2)] ?? max;
  const lower = sorted[Math.floor((sorted.length - 1) / 2)] ?? min;
  return { median: (lower + upper) / 2, min, max, count: sorted.length };
}

/** How far two outputs of the same work lie apart, both relative to the second one's size. */
export interface Difference {
  /** Largest difference over the largest value. */
  readonly largest: number;
  /** Root of the mean square difference over the root of the mean square value. */
  readonly overall: number;
}

export function difference(actual: Float32Array, expected: Float32Array): Difference {
  if (actual.length !== expected.length || expected.length === 0) {
    throw new RangeError(
      `Outputs of ${actual.length} and ${expected.length} values cannot be compared: both must have the same number, at least one.`,
    );
  }
  let largestValue = 0;
  let largestGap = 0;
  let values = 0;
  let gaps = 0;
  for (const [i, value] of expected.entries()) {
    const gap = Math.abs((actual[i] ?? NaN) - value);
    // NaN on either side must show, and Math.max passes it on.
    largestGap = Math.max(largestGap, gap);
    largestValue = Math.max(largestValue, Math.abs(value));
    values += value * value;
    gaps += gap * gap;
  }
  return { largest: largestGap / largestValue, overall: Math.sqrt(gaps / values) };
}
