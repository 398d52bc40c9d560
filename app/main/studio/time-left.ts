/** What is left of a picture: the steps to come at the median of those done, and the decoding as it was last time. */
export interface TimeLeft {
  /** With step caching the whole steps and the shallow ones keep apart. */
  step(tookMs: number, whole: boolean): void;
  /** Share of the decoding that is done, where it is told: what is left then goes on at its pace. */
  decoded(share: number): void;
  /** Null while nothing is known. */
  remainingMs(callsLeft: number): number | null;
}

export function createTimeLeft(decodeMs: number | null, now = () => performance.now()): TimeLeft {
  const whole: number[] = [];
  const shallow: number[] = [];
  let stepsEndedAt = now();
  let decodingLeftMs: number | undefined;
  return {
    step(tookMs, isWhole) {
      (isWhole ? whole : shallow).push(tookMs);
      stepsEndedAt = now();
    },
    decoded(share) {
      decodingLeftMs = share > 0 ? ((now() - stepsEndedAt) * (1 - share)) / share : undefined;
    },
    remainingMs(callsLeft) {
      if (decodingLeftMs !== undefined) return decodingLeftMs;
      const middle = median(whole);
      if (middle === undefined) return null;
      const count = whole.length + shallow.length;
      // As many of the steps to come are whole as were until now.
      const pace = (whole.length * middle + shallow.length * (median(shallow) ?? 0)) / count;
      // A decode costs about as much as a whole step where none was seen yet.
      return callsLeft * pace + (decodeMs ?? middle);
    },
  };
}

function median(values: readonly number[]): number | undefined {
  return values.toSorted((a, b) => a - b)[values.length >> 1];
}
