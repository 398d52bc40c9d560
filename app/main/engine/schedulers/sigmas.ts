import { at } from './scheduler.ts';
import { linspace } from './timesteps.ts';

/** σ at a timestep between the whole ones. */
export function interpolateSigma(sigmas: Float32Array, timestep: number): number {
  const low = Math.min(Math.max(Math.floor(timestep), 0), sigmas.length - 1);
  const high = Math.min(low + 1, sigmas.length - 1);
  return at(sigmas, low) + (timestep - low) * (at(sigmas, high) - at(sigmas, low));
}

/** Noise levels from `max` to `min`, evenly spaced in σ^(1/7).
 *  Source: Karras et al. 2022, arXiv:2206.00364, equation 5, ρ = 7. */
export function karrasSigmas(min: number, max: number, count: number): number[] {
  const rho = 7;
  const [minRoot, maxRoot] = [min ** (1 / rho), max ** (1 / rho)];
  return linspace(0, 1, count).map((ramp) => (maxRoot + ramp * (minRoot - maxRoot)) ** rho);
}

/** The timestep whose noise level is `sigma`, by linear interpolation of log σ. */
export function timestepOfSigma(sigma: number, sigmas: Float32Array): number {
  const logSigmas = sigmas.map(Math.log);
  const logSigma = Math.log(Math.max(sigma, 1e-10));
  let low = 0;
  while (low < logSigmas.length - 2 && at(logSigmas, low + 1) <= logSigma) low += 1;
  const [logLow, logHigh] = [at(logSigmas, low), at(logSigmas, low + 1)];
  const share = Math.min(Math.max((logLow - logSigma) / Math.fround(logLow - logHigh), 0), 1);
  return (1 - share) * low + share * (low + 1);
}

/** √ᾱ and √(1 − ᾱ) of a noise level: latents at σ in the variance-preserving form are α·x₀ + s·ε, s = σ·α. */
export interface SignalAndNoise {
  readonly signal: number;
  readonly noise: number;
}

export function signalAndNoise(sigma: number): SignalAndNoise {
  const signal = 1 / Math.sqrt(sigma * sigma + 1);
  return { signal, noise: sigma * signal };
}

/** Half the log of the signal-to-noise ratio, λ = log(α/s); +∞ at σ = 0. */
export function lambdaOf(sigma: number): number {
  return -Math.log(sigma);
}
