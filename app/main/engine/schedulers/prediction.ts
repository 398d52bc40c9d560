import type { PredictionType } from '#contract/model.ts';
import type { SignalAndNoise } from './sigmas.ts';
import { combine } from './scheduler.ts';
import { pairwise, varianceAt } from './float32.ts';

const { fround } = Math;

/*
 * What a U-Net's output says about the clean latents x₀ and the noise ε.
 * Source: Salimans & Ho 2022, arXiv:2202.00512, section 4 and appendix D: x = α·x₀ + s·ε, v = α·ε − s·x₀.
 */

/** x₀ from latents in the variance-preserving form. */
export function predictClean(
  type: PredictionType,
  modelOutput: Float32Array,
  latents: Float32Array,
  { signal, noise }: SignalAndNoise,
): Float32Array {
  switch (type) {
    case 'epsilon':
      return combine([1 / signal, latents], [-noise / signal, modelOutput]);
    case 'v_prediction':
      return combine([signal, latents], [-noise, modelOutput]);
    case 'sample':
      return modelOutput.slice();
  }
}

/** ε from latents in the variance-preserving form. */
export function predictNoise(
  type: PredictionType,
  modelOutput: Float32Array,
  latents: Float32Array,
  { signal, noise }: SignalAndNoise,
): Float32Array {
  switch (type) {
    case 'epsilon':
      return modelOutput;
    case 'v_prediction': {
      const [ofOutput, ofLatents] = [fround(signal), fround(noise)];
      return pairwise(latents, modelOutput, (x, v) => fround(ofOutput * v) + fround(ofLatents * x));
    }
    case 'sample':
      return combine([1 / noise, latents], [-signal / noise, modelOutput]);
  }
}

/** x₀ from latents in the variance-exploding form, x = x₀ + σ·ε (Euler, Heun). Rounded where diffusers rounds (see float32.ts). */
export function predictCleanAtSigma(
  type: PredictionType,
  modelOutput: Float32Array,
  latents: Float32Array,
  sigma: number,
): Float32Array {
  switch (type) {
    case 'epsilon':
      return pairwise(latents, modelOutput, (x, noise) => x - fround(sigma * noise));
    case 'v_prediction': {
      const variance = varianceAt(sigma);
      const share = fround(-sigma / fround(Math.sqrt(variance)));
      return pairwise(latents, modelOutput, (x, v) => fround(v * share) + fround(x / variance));
    }
    case 'sample':
      return modelOutput.slice();
  }
}
