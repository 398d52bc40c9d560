/** Ratio of one step: linear from the first step's to the last one's (arXiv:2303.17604, Table 3c). */
export function ratioAtStep(start: number, end: number, stepIndex: number, stepCount: number): number {
  return stepCount <= 1 ? start : start + ((end - start) * stepIndex) / (stepCount - 1);
}

/** r, the number of sources merged away: ⌊N·ratio⌋ as in tomesd, but never more than there are to merge. */
export function mergedCount(tokenCount: number, mergeable: number, ratio: number): number {
  return Math.min(mergeable, Math.floor(tokenCount * ratio));
}
