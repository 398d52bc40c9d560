import { checkError } from './cases.ts';
import type { CaseResult } from './cases.ts';

/** The largest difference relative to the expected tensor's largest value; infinite where a value is not finite. */
export function compareTensors(
  what: string,
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
): CaseResult {
  if (actual.length !== expected.length) {
    throw checkError(`${what}: ${actual.length} values came out; ${expected.length} are expected.`);
  }
  let largest = 0;
  let error = 0;
  let where = 0;
  for (let i = 0; i < expected.length; i += 1) {
    const value = expected[i] ?? NaN;
    largest = Math.max(largest, Math.abs(value));
    const difference = Math.abs((actual[i] ?? NaN) - value);
    if (!Number.isFinite(difference)) {
      return {
        maxRelativeError: Infinity,
        detail: `${what}[${i}] is ${actual[i] ?? NaN}, expected ${value}`,
      };
    }
    if (difference > error) [error, where] = [difference, i];
  }
  // Against nothing but zeros the difference itself counts.
  const maxRelativeError = largest === 0 ? error : error / largest;
  if (error === 0) return { maxRelativeError };
  const detail = `${what}[${where}] is ${actual[where] ?? NaN}, expected ${expected[where] ?? NaN}`;
  return { maxRelativeError, detail };
}

export function worst(results: readonly CaseResult[]): CaseResult {
  return results.reduce((a, b) => (b.maxRelativeError > a.maxRelativeError ? b : a), { maxRelativeError: 0 });
}

/** For what must be equal: 0 when it is, infinite when not. */
export function compareExact(
  what: string,
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
): CaseResult {
  const length = Math.max(actual.length, expected.length);
  for (let i = 0; i < length; i += 1) {
    if (actual[i] === expected[i]) continue;
    const detail = `${what}[${i}] is ${actual[i] ?? 'absent'}, expected ${expected[i] ?? 'nothing'}`;
    return { maxRelativeError: Infinity, detail };
  }
  return { maxRelativeError: 0 };
}
