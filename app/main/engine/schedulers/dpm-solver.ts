import type { NoiseSchedule } from '#contract/model.ts';
import type { SchedulerName } from '#contract/request.ts';
import { trainSigmas } from './noise-schedule.ts';
import { predictClean } from './prediction.ts';
import { assertSteps, at, combine, createStepOrder, requireNoise } from './scheduler.ts';
import type { Scheduler } from './scheduler.ts';
import { interpolateSigma, karrasSigmas, lambdaOf, signalAndNoise, timestepOfSigma } from './sigmas.ts';
import { roundHalfEven, solverTimesteps } from './timesteps.ts';

/** Timesteps and noise levels of the multistep solvers; the last level is 0. */
export function createSolverWalk(
  schedule: NoiseSchedule,
  steps: number,
  karras: boolean,
): { timesteps: number[]; sigmas: number[] } {
  const train = trainSigmas(schedule);
  if (!karras) {
    const timesteps = solverTimesteps(schedule, steps, schedule.timestepSpacing ?? 'linspace');
    return { timesteps, sigmas: [...timesteps.map((t) => Math.fround(interpolateSigma(train, t))), 0] };
  }
  const levels = karrasSigmas(at(train, 0), at(train, train.length - 1), steps);
  const whole = schedule.betaSchedule === 'squaredcos_cap_v2' ? Math.floor : roundHalfEven;
  return {
    timesteps: levels.map((sigma) => whole(timestepOfSigma(sigma, train))),
    sigmas: [...levels.map(Math.fround), 0],
  };
}

export interface DpmSolverVariant {
  readonly name: SchedulerName;
  readonly karras: boolean;
  readonly stochastic: boolean;
}

/** DPM-Solver++(2M), midpoint form, and its SDE form with fresh noise at each step.
 *  Source: Lu et al. 2022, arXiv:2211.01095, algorithm 2 and equations 13 and 18; first order at the first step and at the last, where λ is infinite. */
export function createDpmSolver(
  schedule: NoiseSchedule,
  steps: number,
  variant: DpmSolverVariant,
): Scheduler {
  const { name, karras, stochastic } = variant;
  // One timestep more than steps is laid out, and the last is left away.
  const spare = karras || schedule.timestepSpacing === 'trailing' ? 0 : 1;
  assertSteps(name, steps, schedule.trainTimesteps - spare, 'the timesteps the model was trained with');
  const { timesteps, sigmas } = createSolverWalk(schedule, steps, karras);
  const inOrder = createStepOrder(timesteps.length);
  let before: Float32Array | undefined;
  return {
    timesteps,
    sigmas,
    initNoiseSigma: 1,
    needsNoise: stochastic,
    scaleInput: (latents) => latents.slice(),
    step(modelOutput, stepIndex, latents, noise) {
      inOrder(stepIndex);
      const sigma = at(sigmas, stepIndex);
      const next = at(sigmas, stepIndex + 1);
      const predicted = predictClean(schedule.predictionType, modelOutput, latents, signalAndNoise(sigma));
      const h = lambdaOf(next) - lambdaOf(sigma);
      const { signal, noise: noiseShare } = signalAndNoise(next);
      const decay = noiseShare / signalAndNoise(sigma).noise;
      // Share of the way towards the prediction: 1 − e^(−h), or 1 − e^(−2h) of the SDE.
      const gain = -signal * Math.expm1(stochastic ? -2 * h : -h);
      const keep = stochastic ? decay * Math.exp(-h) : decay;
      const terms: (readonly [number, Float32Array])[] = [[keep, latents]];
      const last = stepIndex === timesteps.length - 1;
      if (before === undefined || last) {
        terms.push([gain, predicted]);
      } else {
        // Half the way on along the line through the last two predictions.
        const lead = (0.5 * h) / (lambdaOf(sigma) - lambdaOf(at(sigmas, stepIndex - 1)));
        terms.push([gain * (1 + lead), predicted], [-gain * lead, before]);
      }
      if (stochastic) terms.push([noiseShare * Math.sqrt(-Math.expm1(-2 * h)), requireNoise(noise, name)]);
      before = predicted;
      return { latents: combine(...terms), predicted };
    },
  };
}
