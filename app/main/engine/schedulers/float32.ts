import { at } from './scheduler.ts';

/*
 * Where noise levels reach the hundreds, clean latents are a small difference of large numbers, and a float32 rounding more or
 * less shows in the fourth digit. These steps round wherever diffusers (float32 tensors) does, so that the pictures are equal.
 * Float32Array.map rounds what it stores.
 */

const { fround, sqrt } = Math;

/** Variance of x₀ + σ·ε for unit x₀. */
export function varianceAt(sigma: number): number {
  return fround(fround(sigma * sigma) + 1);
}

/** Brings latents x₀ + σ·ε to unit variance, as the U-Net was trained. */
export function scaleToUnitVariance(latents: Float32Array, sigma: number): Float32Array {
  const deviation = fround(sqrt(varianceAt(sigma)));
  return latents.map((x) => x / deviation);
}

/** dx/dσ at latents whose clean end is predicted. */
export function slopeAt(latents: Float32Array, predicted: Float32Array, sigma: number): Float32Array {
  return latents.map((x, i) => fround(x - at(predicted, i)) / sigma);
}

/** Latents moved along a slope from one noise level to another. */
export function follow(latents: Float32Array, slope: Float32Array, from: number, to: number): Float32Array {
  const length = fround(to - from);
  return latents.map((x, i) => x + fround(at(slope, i) * length));
}
