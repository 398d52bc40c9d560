import type { NoiseSchedule } from '#contract/model.ts';
import { createSigmaWalk } from './euler.ts';
import { follow, pairwise, scaleToUnitVariance, slopeAt } from './float32.ts';
import { predictCleanAtSigma } from './prediction.ts';
import { assertSteps, at, createStepOrder, refuse } from './scheduler.ts';
import type { Scheduler } from './scheduler.ts';

/** Each value but the first and the last stands for the end of one step and for its correction. */
function twice<T>(values: readonly T[]): T[] {
  return values.flatMap((value, i) => (i === 0 ? [value] : [value, value]));
}

/** Heun's method: an Euler step, then the same step again with the mean of the slopes at its two ends. The last step is Euler's alone.
 *  Source: Karras et al. 2022, arXiv:2206.00364, algorithm 1. */
export function createHeun(schedule: NoiseSchedule, steps: number): Scheduler {
  if (schedule.rescaleBetasZeroSnr) {
    refuse('heun', 'the model was trained to zero signal, where its first slope is unbounded; take euler.');
  }
  assertSteps('heun', steps, schedule.trainTimesteps, 'the timesteps the model was trained with');
  const walk = createSigmaWalk(schedule, steps);
  const timesteps = twice(walk.timesteps);
  const sigmas = [...twice(walk.sigmas.slice(0, -1)), 0];
  const inOrder = createStepOrder(timesteps.length);
  /** What the correction goes back to; undefined between whole steps. */
  let begun: { latents: Float32Array; slope: Float32Array; sigma: number } | undefined;
  return {
    timesteps,
    sigmas,
    initNoiseSigma: walk.initNoiseSigma,
    needsNoise: false,
    scaleInput: (latents, stepIndex) => scaleToUnitVariance(latents, at(sigmas, stepIndex)),
    step(modelOutput, stepIndex, latents) {
      inOrder(stepIndex);
      const sigma = at(sigmas, stepIndex);
      const predicted = predictCleanAtSigma(schedule.predictionType, modelOutput, latents, sigma);
      const slope = slopeAt(latents, predicted, sigma);
      if (begun === undefined) {
        begun = { latents: latents.slice(), slope, sigma };
        return { latents: follow(latents, slope, sigma, at(sigmas, stepIndex + 1)), predicted };
      }
      const { latents: start, slope: first, sigma: from } = begun;
      const mean = pairwise(slope, first, (end, before) => Math.fround(end + before) / 2);
      const corrected = follow(start, mean, from, sigma);
      begun = undefined;
      return { latents: corrected, predicted };
    },
  };
}
