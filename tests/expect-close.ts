import { AssertionError } from 'node:assert';

/** Numbers as the runtime and safetensors give them. */
export interface Numbers {
  readonly data: ArrayLike<number>;
  readonly shape: readonly number[];
}

export interface Tolerance {
  /** |actual − expected| may be as large as atol + rtol·|expected|, as in numpy's allclose. */
  readonly atol: number;
  readonly rtol: number;
}

/**
 * Compares shape, then every element; a NaN is never close. Throws with the first index that is off and the largest
 * error of all. Without a shape on both sides, lengths are compared.
 * @returns the largest absolute error.
 */
export function expectClose(
  actual: ArrayLike<number> | Numbers,
  expected: ArrayLike<number> | Numbers,
  { atol, rtol }: Tolerance,
  label = 'values',
): number {
  const [got, want] = [numbersOf(actual), numbersOf(expected)];
  assertShape(got, want, label);
  let bad = -1;
  let badCount = 0;
  let worst = 0;
  for (let i = 0; i < want.data.length; i++) {
    const [a, e] = [got.data[i] ?? NaN, want.data[i] ?? NaN];
    const error = a === e ? 0 : Math.abs(a - e);
    // Written so that a NaN, and an infinity that only one side has, fails.
    const close = a === e || (error <= atol + rtol * Math.abs(e) && Number.isFinite(error));
    if (!close) {
      if (bad < 0) bad = i;
      badCount++;
    }
    if (error > worst || Number.isNaN(error)) worst = error;
  }
  if (bad < 0) return worst;
  const at = `[${indexOf(bad, want.shape ?? got.shape ?? [want.data.length]).join(', ')}]`;
  throw new AssertionError({
    message: `${label}: ${badCount} of ${want.data.length} are off; the first at ${at}: ${got.data[bad]}, expected ${want.data[bad]}; largest error ${worst}, allowed ${atol} + ${rtol} of the expected`,
    stackStartFn: expectClose,
  });
}

/** The tolerance that goldens are stated in: a share of the tensor's largest value. */
export function ofLargest(expected: ArrayLike<number>, share: number): Tolerance {
  let largest = 0;
  for (let i = 0; i < expected.length; i++) largest = Math.max(largest, Math.abs(expected[i] ?? 0));
  return { atol: share * largest, rtol: 0 };
}

interface MaybeShaped {
  readonly data: ArrayLike<number>;
  readonly shape?: readonly number[];
}

function numbersOf(value: ArrayLike<number> | Numbers): MaybeShaped {
  return 'data' in value ? value : { data: value };
}

function assertShape(got: MaybeShaped, want: MaybeShaped, label: string): void {
  const sameShape =
    got.shape === undefined || want.shape === undefined || got.shape.join() === want.shape.join();
  if (sameShape && got.data.length === want.data.length) return;
  const words = ({ data, shape }: MaybeShaped) =>
    `${data.length} values${shape === undefined ? '' : ` as [${shape.join(', ')}]`}`;
  throw new AssertionError({
    message: `${label}: ${words(got)}, expected ${words(want)}`,
    stackStartFn: expectClose,
  });
}

function indexOf(flat: number, shape: readonly number[]): number[] {
  const index: number[] = [];
  let rest = flat;
  for (const size of shape.toReversed()) {
    index.unshift(rest % size);
    rest = Math.floor(rest / size);
  }
  return index;
}
