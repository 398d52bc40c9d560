/** What the steps of a picture took, for a small chart that begins at nought. */
export interface StepTimes {
  readonly medianMs: number;
  readonly shortestMs: number;
  readonly longestMs: number;
  /** Each as a share of the longest. */
  readonly shares: readonly number[];
}

export function stepTimes(stepsMs: readonly number[]): StepTimes | undefined {
  const sorted = stepsMs.toSorted((a, b) => a - b);
  const [shortestMs] = sorted;
  const longestMs = sorted.at(-1);
  if (shortestMs === undefined || longestMs === undefined) return undefined;
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? longestMs;
  const medianMs = sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? upper) + upper) / 2;
  return {
    medianMs,
    shortestMs,
    longestMs,
    shares: stepsMs.map((ms) => (longestMs > 0 ? ms / longestMs : 0)),
  };
}
