import { expect, test } from 'vitest';
import { timeInRounds } from './rounds.ts';

function recorder() {
  const order: string[] = [];
  const entry = (key: string, times: readonly number[]) => ({
    key,
    run: (round: number) => {
      order.push(`${key}${round}`);
      return Promise.resolve(times[round] ?? NaN);
    },
  });
  return { order, entries: [entry('a', [900, 1, 2, 3]), entry('b', [800, 30, 10, 20])] };
}

test('entries take turns, and the warm-up is not counted', async () => {
  const { order, entries } = recorder();
  const { timed } = await timeInRounds(entries, { rounds: 3, isWarm: false });
  expect(order).toEqual(['a0', 'b0', 'a1', 'b1', 'a2', 'b2', 'a3', 'b3']);
  expect(timed.map(({ key, times }) => [key, times.median, times.count])).toEqual([
    ['a', 2, 3],
    ['b', 20, 3],
  ]);
});

test('what ran before needs no warm-up', async () => {
  const { order, entries } = recorder();
  await timeInRounds(entries, { rounds: 1, isWarm: true });
  expect(order).toEqual(['a1', 'b1']);
});

test('long runs count from the first, where that is asked for', async () => {
  const { order, entries } = recorder();
  const { timed, isCold } = await timeInRounds(entries, { rounds: 2, isWarm: false, coldAboveMs: 850 });
  expect(order).toEqual(['a0', 'b0', 'a1', 'b1']);
  expect(isCold).toBe(true);
  expect(timed.map(({ times }) => times.count)).toEqual([2, 2]);
});

test('where none is long the warming round is not counted', async () => {
  const { entries } = recorder();
  const { timed, isCold } = await timeInRounds(entries, { rounds: 2, isWarm: false, coldAboveMs: 950 });
  expect(isCold).toBe(false);
  expect(timed[0]?.times.max).toBe(2);
});
