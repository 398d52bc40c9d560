import type { NoiseSchedule } from '#contract/model.ts';
import { trainSigmas } from './noise-schedule.ts';
import { predictCleanAtSigma } from './prediction.ts';
import { assertSteps, at, combine, requireNoise } from './scheduler.ts';
import type { Scheduler } from './scheduler.ts';
import { interpolateSigma, karrasSigmas, timestepOfSigma } from './sigmas.ts';
import { realTimesteps } from './timesteps.ts';

export interface SigmaWalk {
  readonly timesteps: readonly number[];
  /** One longer than `timesteps`; the last is 0. */
  readonly sigmas: readonly number[];
  readonly initNoiseSigma: number;
}

/** Noise levels of the schedulers that work on latents in the variance-exploding form. */
export function createSigmaWalk(schedule: NoiseSchedule, steps: number, karras = false): SigmaWalk {
  const spacing = schedule.timestepSpacing ?? 'linspace';
  const train = trainSigmas(schedule);
  let timesteps = realTimesteps(schedule, steps, spacing);
  let levels = timesteps.map((timestep) => interpolateSigma(train, timestep));
  if (karras) {
    levels = karrasSigmas(at(levels, steps - 1), at(levels, 0), steps);
    timesteps = levels.map((sigma) => Math.fround(timestepOfSigma(sigma, train)));
  }
  const sigmas = [...levels.map(Math.fround), 0];
  const max = Math.max(...sigmas);
  // diffusers starts from unit variance where the first timestep is not the noisiest one.
  return { timesteps, sigmas, initNoiseSigma: spacing === 'leading' ? Math.sqrt(max * max + 1) : max };
}

/** Brings latents x₀ + σ·ε to unit variance, as the U-Net was trained. */
export function scaleToUnitVariance(latents: Float32Array, sigma: number): Float32Array {
  return combine([1 / Math.sqrt(sigma * sigma + 1), latents]);
}

/** Euler's method along the probability-flow equation.
 *  Source: Karras et al. 2022, arXiv:2206.00364, algorithm 2 without churn. */
export function createEuler(schedule: NoiseSchedule, steps: number, karras = false): Scheduler {
  assertSteps(karras ? 'euler_karras' : 'euler', steps, schedule.trainTimesteps, 'the model’s timesteps');
  const walk = createSigmaWalk(schedule, steps, karras);
  return {
    ...walk,
    needsNoise: false,
    scaleInput: (latents, stepIndex) => scaleToUnitVariance(latents, at(walk.sigmas, stepIndex)),
    step(modelOutput, stepIndex, latents) {
      const sigma = at(walk.sigmas, stepIndex);
      const predicted = predictCleanAtSigma(schedule.predictionType, modelOutput, latents, sigma);
      const keep = at(walk.sigmas, stepIndex + 1) / sigma;
      return { latents: combine([keep, latents], [1 - keep, predicted]), predicted };
    },
  };
}

/** Euler's method down below the next noise level, then noise back up to it ("Euler a").
 *  Source: k-diffusion, sample_euler_ancestral, with η = 1. */
export function createEulerAncestral(schedule: NoiseSchedule, steps: number): Scheduler {
  assertSteps('euler_a', steps, schedule.trainTimesteps, 'the timesteps the model was trained with');
  const walk = createSigmaWalk(schedule, steps);
  return {
    ...walk,
    needsNoise: true,
    scaleInput: (latents, stepIndex) => scaleToUnitVariance(latents, at(walk.sigmas, stepIndex)),
    step(modelOutput, stepIndex, latents, noise) {
      const sigma = at(walk.sigmas, stepIndex);
      const next = at(walk.sigmas, stepIndex + 1);
      const up = (next / sigma) * Math.sqrt(sigma * sigma - next * next);
      const keep = Math.sqrt(next * next - up * up) / sigma;
      const predicted = predictCleanAtSigma(schedule.predictionType, modelOutput, latents, sigma);
      const fresh = requireNoise(noise, 'euler_a');
      return { latents: combine([keep, latents], [1 - keep, predicted], [up, fresh]), predicted };
    },
  };
}
