import type { NoiseSchedule } from '#contract/model.ts';
import { createSolverWalk } from './dpm-solver.ts';
import { predictClean } from './prediction.ts';
import { assertSteps, at, combine, createStepOrder } from './scheduler.ts';
import type { Scheduler } from './scheduler.ts';
import { lambdaOf, signalAndNoise } from './sigmas.ts';

const solverOrder = 2;

/** A prediction of the clean latents and the λ it was made at. */
interface Prediction {
  readonly clean: Float32Array;
  readonly lambda: number;
}

/** Weights of the corrector of order 2, of the older difference and of the new one: they solve R·ρ = b (UniPC, equation 8)
 *  for R = [[1, 1], [r, 1]] and b = [φ₁, φ₂]·k!/B, with B(h) = e^(−h) − 1. */
function correctorWeights(h: number, r: number): { older: number; newer: number } {
  const growth = Math.expm1(-h);
  const phi1 = growth / -h - 1;
  const phi2 = phi1 / -h - 1 / 2;
  const [b1, b2] = [phi1 / growth, (phi2 * 2) / growth];
  const older = (b2 - b1) / (r - 1);
  return { older, newer: b1 - older };
}

/** UniPC of order 2 with B(h) = e^h − 1, on predictions of the clean latents: each output first corrects the step that led to it, then predicts the next.
 *  Source: Zhao et al. 2023, arXiv:2302.04867, algorithms 1 to 4; order 1 at the first step and at the last. */
export function createUnipc(schedule: NoiseSchedule, steps: number): Scheduler {
  const spare = schedule.timestepSpacing === 'trailing' ? 0 : 1;
  assertSteps('unipc', steps, schedule.trainTimesteps - spare, 'the timesteps the model was trained with');
  const { timesteps, sigmas } = createSolverWalk(schedule, steps, false);
  const inOrder = createStepOrder(timesteps.length);
  /** Newest first. */
  let history: Prediction[] = [];
  let lastLatents: Float32Array | undefined;
  let lastOrder = 0;

  const correct = (predicted: Float32Array, latents: Float32Array, stepIndex: number): Float32Array => {
    const [newest, older] = history;
    if (lastLatents === undefined || newest === undefined) return latents;
    const { signal, noise } = signalAndNoise(at(sigmas, stepIndex));
    const h = lambdaOf(at(sigmas, stepIndex)) - newest.lambda;
    const keep = noise / signalAndNoise(at(sigmas, stepIndex - 1)).noise;
    const gain = -signal * Math.expm1(-h);
    if (lastOrder < solverOrder || older === undefined) {
      return combine([keep, lastLatents], [gain / 2, newest.clean], [gain / 2, predicted]);
    }
    const r = (older.lambda - newest.lambda) / h;
    const weights = correctorWeights(h, r);
    const ofOlder = (gain * weights.older) / r;
    const ofNew = gain * weights.newer;
    return combine(
      [keep, lastLatents],
      [gain - ofOlder - ofNew, newest.clean],
      [ofOlder, older.clean],
      [ofNew, predicted],
    );
  };

  const predict = (latents: Float32Array, stepIndex: number, order: number): Float32Array => {
    const [newest, older] = history;
    if (newest === undefined) return latents;
    const { signal, noise } = signalAndNoise(at(sigmas, stepIndex + 1));
    const h = lambdaOf(at(sigmas, stepIndex + 1)) - newest.lambda;
    const keep = noise / signalAndNoise(at(sigmas, stepIndex)).noise;
    const gain = -signal * Math.expm1(-h);
    if (order < solverOrder || older === undefined) return combine([keep, latents], [gain, newest.clean]);
    const ofOlder = gain / (2 * ((older.lambda - newest.lambda) / h));
    return combine([keep, latents], [gain - ofOlder, newest.clean], [ofOlder, older.clean]);
  };

  return {
    timesteps,
    sigmas,
    initNoiseSigma: 1,
    needsNoise: false,
    scaleInput: (latents) => latents.slice(),
    step(modelOutput, stepIndex, latents) {
      inOrder(stepIndex);
      const sigma = at(sigmas, stepIndex);
      const clean = predictClean(schedule.predictionType, modelOutput, latents, signalAndNoise(sigma));
      const corrected = correct(clean, latents, stepIndex);
      history = [{ clean, lambda: lambdaOf(sigma) }, ...history].slice(0, solverOrder);
      lastOrder = Math.min(solverOrder, timesteps.length - stepIndex, history.length);
      lastLatents = corrected.slice();
      return { latents: predict(corrected, stepIndex, lastOrder), predicted: clean };
    },
  };
}
