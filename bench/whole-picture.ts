import { spread } from './statistics.ts';

/**
 * What a picture of `steps` steps takes, from one with fewer: that one, and for each missing step the median of those
 * that were run at the same place of a round of `interval` steps, as a step cache makes them (1: all are alike). The first step is left out of the
 * medians: the text is encoded before it, and the peers do not tell how long that took.
 */
export function wholePictureMs(
  tookMs: number,
  stepEndsMs: readonly number[],
  steps: number,
  interval: number,
): number {
  const took = stepEndsMs.map((end, i) => end - (stepEndsMs[i - 1] ?? 0));
  let wholeMs = tookMs;
  for (let step = stepEndsMs.length; step < steps; step++) {
    const alike = took.filter((_, i) => i > 0 && i % interval === step % interval);
    if (alike.length === 0)
      throw new RangeError(
        `A picture of ${stepEndsMs.length} steps does not tell what ${steps} take where every ${interval} differ: run at least ${interval + 1}.`,
      );
    wholeMs += spread(alike).median;
  }
  return wholeMs;
}
