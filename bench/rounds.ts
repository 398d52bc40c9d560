import { spread, type Spread } from './statistics.ts';

/** One thing to time; running it gives milliseconds. */
export interface Timed<K> {
  readonly key: K;
  readonly run: (round: number) => Promise<number>;
}

export interface Rounds {
  readonly rounds: number;
  /** All of them ran before: no round warms up. */
  readonly isWarm: boolean;
  /** Where a run of the warming round takes longer, that round counts as the first. */
  readonly coldAboveMs?: number;
  readonly onRound?: (round: number) => void;
}

/**
 * Times everything in turn, round after round (A B C A B C …), so that whatever slows the machine for a while
 * slows all of them. Before them one round that warms caches and is not counted, unless all ran before.
 */
export async function timeInRounds<K>(
  entries: readonly Timed<K>[],
  { rounds, isWarm, coldAboveMs = Infinity, onRound = () => undefined }: Rounds,
): Promise<{ readonly timed: { readonly key: K; readonly times: Spread }[]; readonly isCold: boolean }> {
  let taken = entries.map((): number[] => []);
  let isCold = false;
  for (let round = isWarm ? 1 : 0; round <= rounds - Number(isCold); round++) {
    onRound(round);
    const times: number[] = [];
    for (const entry of entries) times.push(await entry.run(round));
    isCold ||= round === 0 && times.some((ms) => ms > coldAboveMs);
    if (round > 0 || isCold) taken = taken.map((earlier, i) => [...earlier, times[i] ?? NaN]);
  }
  return { timed: entries.map(({ key }, i) => ({ key, times: spread(taken[i] ?? []) })), isCold };
}
