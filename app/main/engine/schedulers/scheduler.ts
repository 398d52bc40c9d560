import { RequestError, invariant } from '#contract/errors.ts';
import type { SchedulerName } from '#contract/request.ts';

export interface SchedulerStep {
  readonly latents: Float32Array;
  /** The clean latents as predicted at this step, for previews. */
  readonly predicted: Float32Array;
}

/** One walk from noise to clean latents. It remembers earlier steps: make one for each picture, and step it in order. */
export interface Scheduler {
  /** What the U-Net is told, one for each of its evaluations (Heun and PNDM evaluate more often than the user's steps). */
  readonly timesteps: readonly number[];
  /** Noise levels of the schedulers that work with them, one longer than `timesteps`. */
  readonly sigmas?: readonly number[];
  /** The first noise is multiplied by this. */
  readonly initNoiseSigma: number;
  /** Each step takes new standard normal noise (ancestral, SDE, LCM). */
  readonly needsNoise: boolean;
  /** U-Net input for step i. */
  scaleInput(latents: Float32Array, stepIndex: number): Float32Array;
  step(
    modelOutput: Float32Array,
    stepIndex: number,
    latents: Float32Array,
    noise?: Float32Array,
  ): SchedulerStep;
}

/** A weighted sum of arrays of one length, summed in double precision and rounded once. */
export function combine(
  ...terms: readonly (readonly [weight: number, values: Float32Array])[]
): Float32Array {
  const length = terms[0]?.[1].length ?? 0;
  const sum = new Float64Array(length);
  for (const [weight, values] of terms) {
    invariant(values.length === length, `Scheduler arrays differ in length: ${values.length} and ${length}.`);
    // A weight of zero must not turn an infinity of an unused term into NaN.
    if (weight === 0) continue;
    for (let i = 0; i < length; i += 1) sum[i] = (sum[i] ?? 0) + weight * (values[i] ?? 0);
  }
  return new Float32Array(sum);
}

/** Element `index`, which must exist. */
export function at(values: ArrayLike<number>, index: number): number {
  const value = values[index];
  invariant(value !== undefined, `Scheduler index ${index} is outside 0 to ${values.length - 1}.`);
  return value;
}

/** Guards the order of the steps of a scheduler with a memory. */
export function createStepOrder(length: number): (stepIndex: number) => void {
  let next = 0;
  return (stepIndex) => {
    invariant(
      stepIndex === next && stepIndex < length,
      `Scheduler step ${stepIndex} was asked for; the next one is ${next} of ${length}.`,
    );
    next += 1;
  };
}

export function requireNoise(noise: Float32Array | undefined, name: SchedulerName): Float32Array {
  invariant(noise !== undefined, `The ${name} scheduler needs noise at each step.`);
  return noise;
}

export function refuse(name: SchedulerName, problem: string): never {
  throw new RequestError('REQUEST_INVALID', `Scheduler ${name}: ${problem}`, {
    details: { scheduler: name },
  });
}

export function assertSteps(name: SchedulerName, steps: number, max: number, because: string): void {
  if (Number.isInteger(steps) && steps >= 1 && steps <= max) return;
  refuse(name, `steps is ${steps}; allowed: whole numbers 1 to ${max} (${because}).`);
}
