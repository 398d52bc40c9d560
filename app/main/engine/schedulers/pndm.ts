import type { NoiseSchedule } from '#contract/model.ts';
import { previousAlpha, signalAndNoiseOfAlpha } from './ddim.ts';
import { alphasCumprod } from './noise-schedule.ts';
import { predictClean, predictNoise } from './prediction.ts';
import { pairwise } from './float32.ts';
import { assertSteps, at, combine, createStepOrder, refuse } from './scheduler.ts';
import type { Scheduler } from './scheduler.ts';
import { wholeTimesteps } from './timesteps.ts';

const { fround, sqrt } = Math;

/** Linear multistep weights of the newest outputs first (arXiv:2202.09778, equation 12; Adams–Bashforth). */
const multistepWeights = [
  [1],
  [3 / 2, -1 / 2],
  [23 / 12, -16 / 12, 5 / 12],
  [55 / 24, -59 / 24, 37 / 24, -9 / 24],
] as const;

/** PNDM without Runge–Kutta warm-up ("PLMS"): the second timestep is evaluated twice instead, so there is one evaluation more than steps.
 *  Source: Liu et al. 2022, arXiv:2202.09778, algorithm 2 and equation 11. */
export function createPndm(schedule: NoiseSchedule, steps: number): Scheduler {
  const { trainTimesteps, predictionType } = schedule;
  if (schedule.rescaleBetasZeroSnr) {
    refuse(
      'pndm',
      'the model was trained to zero signal, which PNDM is not defined for; take ddim or euler.',
    );
  }
  assertSteps('pndm', steps, trainTimesteps, 'the timesteps the model was trained with');
  const alphaBars = alphasCumprod(schedule);
  const timesteps = repeatSecond(wholeTimesteps(schedule, steps, schedule.timestepSpacing ?? 'leading'));
  const stride = Math.floor(trainTimesteps / steps);
  const inOrder = createStepOrder(timesteps.length);
  /** Newest first. */
  let outputs: Float32Array[] = [];
  let firstLatents: Float32Array | undefined;

  const jump = (latents: Float32Array, output: Float32Array, from: number, to: number): Float32Array => {
    const alpha = at(alphaBars, Math.min(from, trainTimesteps - 1));
    const alphaNext = previousAlpha(alphaBars, to, schedule);
    const noise = predictNoise(predictionType, output, latents, signalAndNoiseOfAlpha(alpha));
    const gone = fround(alphaNext - alpha);
    const divisor = alpha * sqrt(1 - alphaNext) + sqrt(alpha * (1 - alpha) * alphaNext);
    const keep = fround(sqrt(alphaNext / alpha));
    // Rounded as in float32.ts: from high noise on, this is a small difference of large numbers.
    return pairwise(latents, noise, (x, e) => fround(keep * x) - fround(fround(gone * e) / fround(divisor)));
  };

  return {
    timesteps,
    initNoiseSigma: 1,
    needsNoise: false,
    scaleInput: (latents) => latents.slice(),
    step(modelOutput, stepIndex, latents) {
      inOrder(stepIndex);
      const timestep = at(timesteps, stepIndex);
      const here = signalAndNoiseOfAlpha(at(alphaBars, timestep));
      const predicted = predictClean(predictionType, modelOutput, latents, here);
      if (stepIndex === 1 && outputs[0] !== undefined && firstLatents !== undefined) {
        // The first step once more, along the mean of the outputs at its two ends.
        const mean = combine([0.5, modelOutput], [0.5, outputs[0]]);
        return { latents: jump(firstLatents, mean, timestep + stride, timestep), predicted };
      }
      if (stepIndex === 0) firstLatents = latents.slice();
      outputs = [modelOutput.slice(), ...outputs].slice(0, multistepWeights.length);
      const weights = multistepWeights[outputs.length - 1] ?? multistepWeights[0];
      const output = combine(...outputs.map((values, i) => [weights[i] ?? 0, values] as const));
      return { latents: jump(latents, output, timestep, timestep - stride), predicted };
    },
  };
}

function repeatSecond(timesteps: readonly number[]): number[] {
  const second = timesteps[1];
  return second === undefined ? [...timesteps] : [...timesteps.slice(0, 2), second, ...timesteps.slice(2)];
}
