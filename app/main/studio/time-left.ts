/** What is left of a picture: the steps to come at the median of those done, and the decoding as it was last time. */
export interface TimeLeft {
  step(tookMs: number): void;
  /** Null while nothing is known. */
  remainingMs(callsLeft: number): number | null;
}

export function createTimeLeft(decodeMs: number | null): TimeLeft {
  const steps: number[] = [];
  return {
    step: (tookMs) => void steps.push(tookMs),
    remainingMs: (callsLeft) => {
      const sorted = steps.toSorted((a, b) => a - b);
      const middle = sorted[sorted.length >> 1];
      // A decode costs about as much as a step where none was seen yet.
      return middle === undefined ? null : callsLeft * middle + (decodeMs ?? middle);
    },
  };
}
