import { expect, test } from 'vitest';
import type { CaseResult } from './cases.ts';
import { compareCloseCalls, type Nudge } from './close-calls.ts';

const tolerance = 1e-4;
const input = Float32Array.of(1, -2, 0.5);

test('what agrees is not run again', async () => {
  let runs = 0;
  const result = await compareCloseCalls(() => {
    runs++;
    return Promise.resolve({ maxRelativeError: 1e-6 });
  }, tolerance);
  expect(result).toEqual({ maxRelativeError: 1e-6 });
  expect(runs).toBe(1);
});

test('a decision that rounding turns is a close call, and the result says how far off it is as it stands', async () => {
  const decided = (values: Float32Array): CaseResult => ({
    maxRelativeError: (values[0] ?? 0) > 1 + 1e-6 ? 2e-6 : 4e-2,
  });
  const compare = (nudge: Nudge = (values) => values) => Promise.resolve(decided(nudge(input)));
  expect(await compareCloseCalls(compare, tolerance)).toEqual({
    maxRelativeError: 2e-6,
    note: expect.stringMatching(/^a close call: .*0\.000003, off by 4\.0e-2 as it is/) as string,
  });
});

test('a wrong output stays wrong however its input is rounded, and keeps its own words', async () => {
  const seen = new Set<number>();
  const wrong = { maxRelativeError: 0.03, detail: 'out[3] is 1, expected 2' };
  const result = await compareCloseCalls((nudge = (values) => values) => {
    const values = nudge(input);
    seen.add(values[0] ?? 0);
    values.forEach((value, i) => {
      expect(Math.abs(value - (input[i] ?? 0))).toBeLessThan(1e-5);
    });
    return Promise.resolve(wrong);
  }, tolerance);
  expect(result).toEqual(wrong);
  expect(seen.size).toBeGreaterThan(10);
});
