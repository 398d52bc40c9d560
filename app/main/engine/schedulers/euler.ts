import type { NoiseSchedule } from '#contract/model.ts';
import { trainSigmas } from './noise-schedule.ts';
import { predictCleanAtSigma } from './prediction.ts';
import { follow, pairwise, scaleToUnitVariance, slopeAt } from './float32.ts';
import { assertSteps, at, requireNoise } from './scheduler.ts';
import type { Scheduler } from './scheduler.ts';
import { interpolateSigma, karrasSigmas, timestepOfSigma } from './sigmas.ts';
import { realTimesteps } from './timesteps.ts';

const { fround, sqrt } = Math;

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
      const slope = slopeAt(latents, predicted, sigma);
      return { latents: follow(latents, slope, sigma, at(walk.sigmas, stepIndex + 1)), predicted };
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
      const { up, down } = ancestralLevels(sigma, next);
      const predicted = predictCleanAtSigma(schedule.predictionType, modelOutput, latents, sigma);
      const calm = follow(latents, slopeAt(latents, predicted, sigma), sigma, down);
      const fresh = requireNoise(noise, 'euler_a');
      return { latents: pairwise(calm, fresh, (x, noise) => x + fround(noise * up)), predicted };
    },
  };
}

/** The level to step down to, and the noise that leads back up to `next`. */
function ancestralLevels(sigma: number, next: number): { up: number; down: number } {
  const [from, to] = [fround(sigma * sigma), fround(next * next)];
  const up = fround(sqrt(fround(fround(to * fround(from - to)) / from)));
  return { up, down: fround(sqrt(fround(to - fround(up * up)))) };
}
