import { expect, test } from 'vitest';
import { advance, shareDone } from './progress.ts';

test('the bar never goes back, and ends with the picture', () => {
  const common = { type: 'progress', id: 'a', calls: 4, stepMs: null, remainingMs: null } as const;
  const rest = { ...common, effectiveRatio: null, hasMaps: false };
  const shares: number[] = [];
  let progress = advance(undefined, { ...rest, phase: 'loading', call: 0 });
  for (const event of [
    { ...rest, phase: 'steps', call: 1 },
    { ...rest, phase: 'steps', call: 3 },
    { ...rest, phase: 'decoding', call: 4, decoded: 0 },
    { ...rest, phase: 'decoding', call: 4, decoded: 0.5 },
    { ...rest, phase: 'decoding', call: 4, decoded: 1 },
    { ...rest, phase: 'saving', call: 4 },
  ] as const) {
    shares.push(shareDone(progress));
    progress = advance(progress, event);
  }
  shares.push(shareDone(progress));
  expect(shares).toEqual(shares.toSorted((a, b) => a - b));
  expect(new Set(shares.slice(0, -1)).size).toBe(shares.length - 1);
  expect(shares.at(-1)).toBe(0.99);
});
