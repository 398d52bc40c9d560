/** Ratio of one step: linear from the first step's to the last one's (arXiv:2303.17604, Table 3c). */
export function ratioAtStep(start: number, end: number, stepIndex: number, stepCount: number): number {
  return stepCount <= 1 ? start : start + ((end - start) * stepIndex) / (stepCount - 1);
}

/** r, the number of sources merged away: ⌊N·ratio⌋ as in tomesd, but never more than there are. */
export function mergedCount(tokenCount: number, srcCount: number, dstCount: number, ratio: number): number {
  return dstCount === 0 ? 0 : Math.min(srcCount, Math.floor(tokenCount * ratio));
}
