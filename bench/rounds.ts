import { spread, type Spread } from './statistics.ts';

/** One thing to time; running it gives milliseconds. */
export interface Timed<K> {
  readonly key: K;
  readonly run: (round: number) => Promise<number>;
}

/**
 * Times everything in turn, round after round (A B C A B C …), so that whatever slows the machine for a while
 * slows all of them. Before them one round that warms caches and is not counted, unless all ran before.
 */
export async function timeInRounds<K>(
  entries: readonly Timed<K>[],
  rounds: number,
  isWarm: boolean,
  onRound: (round: number) => void = () => undefined,
): Promise<{ readonly key: K; readonly times: Spread }[]> {
  const taken = entries.map((): number[] => []);
  for (let round = isWarm ? 1 : 0; round <= rounds; round++) {
    onRound(round);
    for (const [i, entry] of entries.entries()) {
      const ms = await entry.run(round);
      if (round > 0) taken[i]?.push(ms);
    }
  }
  return entries.map(({ key }, i) => ({ key, times: spread(taken[i] ?? []) }));
}
