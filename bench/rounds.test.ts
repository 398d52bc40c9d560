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
  const timed = await timeInRounds(entries, 3, false);
  expect(order).toEqual(['a0', 'b0', 'a1', 'b1', 'a2', 'b2', 'a3', 'b3']);
  expect(timed.map(({ key, times }) => [key, times.median, times.count])).toEqual([
    ['a', 2, 3],
    ['b', 20, 3],
  ]);
});

test('what ran before needs no warm-up', async () => {
  const { order, entries } = recorder();
  await timeInRounds(entries, 1, true);
  expect(order).toEqual(['a1', 'b1']);
});
