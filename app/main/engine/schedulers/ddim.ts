import type { NoiseSchedule } from '#contract/model.ts';
import { alphasCumprod } from './noise-schedule.ts';
import { predictClean, predictNoise } from './prediction.ts';
import { assertSteps, at, combine, refuse } from './scheduler.ts';
import type { Scheduler } from './scheduler.ts';
import type { SignalAndNoise } from './sigmas.ts';
import { wholeTimesteps } from './timesteps.ts';

export function signalAndNoiseOfAlpha(alphaBar: number): SignalAndNoise {
  return { signal: Math.sqrt(alphaBar), noise: Math.sqrt(1 - alphaBar) };
}

/** ᾱ of the step before a timestep; past the first timestep it is 1 or that of timestep 0. */
export function previousAlpha(alphaBars: Float32Array, timestep: number, schedule: NoiseSchedule): number {
  if (timestep >= 0) return at(alphaBars, timestep);
  return schedule.setAlphaToOne ? 1 : at(alphaBars, 0);
}

/** DDIM without noise: one jump along the predicted direction.
 *  Source: Song et al. 2020, arXiv:2010.02502, equation 12 with η = 0. */
export function createDdim(schedule: NoiseSchedule, steps: number): Scheduler {
  const { trainTimesteps, predictionType } = schedule;
  assertSteps('ddim', steps, trainTimesteps, 'the timesteps the model was trained with');
  const alphaBars = alphasCumprod(schedule);
  const timesteps = wholeTimesteps(schedule, steps, schedule.timestepSpacing ?? 'leading');
  const stride = Math.floor(trainTimesteps / steps);
  assertVisited(schedule, timesteps, alphaBars);
  return {
    timesteps,
    initNoiseSigma: 1,
    needsNoise: false,
    scaleInput: (latents) => latents.slice(),
    step(modelOutput, stepIndex, latents) {
      const timestep = at(timesteps, stepIndex);
      const now = signalAndNoiseOfAlpha(at(alphaBars, timestep));
      const next = signalAndNoiseOfAlpha(previousAlpha(alphaBars, timestep - stride, schedule));
      const predicted = predictClean(predictionType, modelOutput, latents, now);
      const noise = predictNoise(predictionType, modelOutput, latents, now);
      return { latents: combine([next.signal, predicted], [next.noise, noise]), predicted };
    },
  };
}

function assertVisited(schedule: NoiseSchedule, timesteps: readonly number[], alphaBars: Float32Array): void {
  const past = timesteps.find((t) => t >= schedule.trainTimesteps);
  if (past !== undefined) {
    refuse(
      'ddim',
      `the first timestep would be ${past}, past the ${schedule.trainTimesteps} of the model (steps offset ${schedule.stepsOffset}); take fewer steps.`,
    );
  }
  if (schedule.predictionType === 'epsilon' && timesteps.some((t) => at(alphaBars, t) === 0)) {
    refuse('ddim', 'a model that predicts noise cannot start at zero signal; take another scheduler.');
  }
}
