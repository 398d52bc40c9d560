import type { NoiseSchedule } from '#contract/model.ts';
import { signalAndNoiseOfAlpha } from './ddim.ts';
import { alphasCumprod } from './noise-schedule.ts';
import { predictClean } from './prediction.ts';
import { assertSteps, at, combine, refuse, requireNoise } from './scheduler.ts';
import type { Scheduler } from './scheduler.ts';
import { linspace } from './timesteps.ts';

/** Steps of the teacher that latent consistency models are distilled from, and the constants of their boundary condition
 *  (Luo et al. 2023, arXiv:2310.04378, section 4 and appendix B; diffusers' LCMScheduler has the same). */
const originalSteps = 50;
const sigmaData = 0.5;
const timestepScaling = 10;

function lcmTimesteps(trainTimesteps: number, steps: number): number[] {
  const stride = Math.floor(trainTimesteps / originalSteps);
  return linspace(0, originalSteps, steps + 1)
    .slice(0, -1)
    .map((position) => (originalSteps - Math.floor(position)) * stride - 1);
}

/** Multistep sampling of a latent consistency model: each step predicts the clean latents, and noise brings them back up for the next.
 *  Source: Luo et al. 2023, arXiv:2310.04378, algorithm 3. */
export function createLcm(schedule: NoiseSchedule, steps: number): Scheduler {
  const { predictionType, trainTimesteps } = schedule;
  assertSteps('lcm', steps, Math.min(originalSteps, trainTimesteps), 'the steps LCMs are distilled with');
  if (trainTimesteps < originalSteps) {
    refuse('lcm', `the model has ${trainTimesteps} timesteps; at least ${originalSteps} are needed.`);
  }
  const alphaBars = alphasCumprod(schedule);
  const timesteps = lcmTimesteps(trainTimesteps, steps);
  if (predictionType === 'epsilon' && timesteps.some((t) => at(alphaBars, t) === 0)) {
    refuse('lcm', 'a model that predicts noise cannot start at zero signal; take another scheduler.');
  }
  return {
    timesteps,
    initNoiseSigma: 1,
    needsNoise: true,
    scaleInput: (latents) => latents.slice(),
    step(modelOutput, stepIndex, latents, noise) {
      const timestep = at(timesteps, stepIndex);
      const scaled = timestep * timestepScaling;
      const spread = scaled * scaled + sigmaData * sigmaData;
      const here = signalAndNoiseOfAlpha(at(alphaBars, timestep));
      const clean = predictClean(predictionType, modelOutput, latents, here);
      const predicted = combine(
        [scaled / Math.sqrt(spread), clean],
        [(sigmaData * sigmaData) / spread, latents],
      );
      if (stepIndex === timesteps.length - 1) return { latents: predicted, predicted };
      const next = signalAndNoiseOfAlpha(at(alphaBars, at(timesteps, stepIndex + 1)));
      const fresh = requireNoise(noise, 'lcm');
      return { latents: combine([next.signal, predicted], [next.noise, fresh]), predicted };
    },
  };
}
