import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { StudioError } from '#contract/errors.ts';
import type { NoiseSchedule, PredictionType, TimestepSpacing } from '#contract/model.ts';
import { schedulerNames } from '#contract/request.ts';
import type { SchedulerName } from '#contract/request.ts';
import { schedulerLabels } from '#contract/scheduler-labels.ts';
import { createScheduler } from './create.ts';

interface SchedulerCase {
  readonly config: {
    readonly num_train_timesteps: number;
    readonly beta_start: number;
    readonly beta_end: number;
    readonly prediction_type: PredictionType;
    readonly timestep_spacing: TimestepSpacing;
    readonly steps_offset: number;
    readonly set_alpha_to_one?: boolean;
  };
  readonly timesteps: readonly number[];
  readonly sigmas?: readonly number[];
  readonly init_noise_sigma: number;
  readonly x0: readonly number[];
  readonly scaled: readonly (readonly number[])[];
  readonly model: readonly (readonly number[])[];
  readonly noise: readonly (readonly number[])[];
  readonly x: readonly (readonly number[])[];
}
// Python wrote -Infinity, which JSON does not know, for an option that no case uses.
const goldenText = readFileSync('tests/golden/schedulers.json', 'utf8').replaceAll(/: -Infinity/g, ': null');
const golden = JSON.parse(goldenText) as Readonly<Record<string, SchedulerCase>>;

const tolerance = 5e-6;

function largestRelativeError(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  expect(actual.length).toBe(expected.length);
  const largest = Math.max(...Array.from(expected, Math.abs));
  const error = Math.max(...Array.from(expected, (value, i) => Math.abs(value - (actual[i] ?? NaN))));
  return largest === 0 ? error : error / largest;
}

function nameOf(caseName: string): SchedulerName {
  const found = schedulerNames
    .filter((name) => caseName.startsWith(`${name}_`))
    .sort((a, b) => b.length - a.length)[0];
  if (found === undefined) throw new Error(`No scheduler for ${caseName}.`);
  return found;
}

function scheduleOf({ config }: SchedulerCase): NoiseSchedule {
  return {
    trainTimesteps: config.num_train_timesteps,
    betaStart: config.beta_start,
    betaEnd: config.beta_end,
    betaSchedule: 'scaled_linear',
    predictionType: config.prediction_type,
    timestepSpacing: config.timestep_spacing,
    stepsOffset: config.steps_offset,
    setAlphaToOne: config.set_alpha_to_one ?? false,
    rescaleBetasZeroSnr: false,
  };
}

const stableDiffusion: NoiseSchedule = {
  trainTimesteps: 1000,
  betaStart: 0.00085,
  betaEnd: 0.012,
  betaSchedule: 'scaled_linear',
  predictionType: 'epsilon',
  stepsOffset: 1,
  setAlphaToOne: false,
  rescaleBetasZeroSnr: false,
};
const velocity: NoiseSchedule = {
  ...stableDiffusion,
  betaEnd: 0.03,
  predictionType: 'v_prediction',
  timestepSpacing: 'trailing',
};

describe('schedulers against diffusers', () => {
  it.each(Object.entries(golden))('%s', (caseName, example) => {
    const steps = Number(/\d+$/.exec(caseName)?.[0]);
    const scheduler = createScheduler(nameOf(caseName), scheduleOf(example), steps);
    expect(largestRelativeError(scheduler.timesteps, example.timesteps)).toBeLessThan(tolerance);
    if (example.sigmas !== undefined) {
      expect(largestRelativeError(scheduler.sigmas ?? [], example.sigmas)).toBeLessThan(tolerance);
    }
    expect(largestRelativeError([scheduler.initNoiseSigma], [example.init_noise_sigma])).toBeLessThan(
      tolerance,
    );
    expect(scheduler.needsNoise).toBe(example.noise.length > 0);
    let latents = new Float32Array(example.x0);
    example.x.forEach((expected, i) => {
      const scaled = scheduler.scaleInput(latents, i);
      expect(largestRelativeError(scaled, example.scaled[i] ?? [])).toBeLessThan(tolerance);
      const noise = example.noise[i] === undefined ? undefined : new Float32Array(example.noise[i]);
      const result = scheduler.step(new Float32Array(example.model[i] ?? []), i, latents, noise);
      latents = new Float32Array(result.latents);
      expect(largestRelativeError(latents, expected)).toBeLessThan(tolerance);
    });
  });
});

describe.each(schedulerNames)('%s', (name) => {
  it('walks from noise to the latents that an all-knowing model sees, in 1, 2 and 9 steps', () => {
    const clean = Float32Array.from([0.5, -1.25, 2, -0.125]);
    for (const steps of [1, 2, 9]) {
      // A model that always answers with the clean latents: every scheduler must end there.
      const scheduler = createScheduler(name, { ...velocity, predictionType: 'sample' }, steps);
      let latents = Float32Array.from([1, -1, 0.5, 2], (value) => value * scheduler.initNoiseSigma);
      let predicted = latents;
      for (const i of scheduler.timesteps.keys()) {
        const noise = Float32Array.from([0.1, 0.2, -0.3, 0.4]);
        const result = scheduler.step(clean, i, latents, scheduler.needsNoise ? noise : undefined);
        latents = new Float32Array(result.latents);
        predicted = new Float32Array(result.predicted);
      }
      expect(largestRelativeError(predicted, clean)).toBeLessThan(0.02);
      expect(largestRelativeError(latents, clean)).toBeLessThan(0.05);
    }
  });

  it('stays finite from noise levels above 400 (v-prediction, trailing timesteps)', () => {
    const scheduler = createScheduler(name, velocity, 12);
    let latents = Float32Array.from([1, -2, 0.5, 0], (value) => value * scheduler.initNoiseSigma);
    for (const i of scheduler.timesteps.keys()) {
      const input = scheduler.scaleInput(latents, i);
      expect(input.every((value) => Math.abs(value) < 20)).toBe(true);
      const { latents: next } = scheduler.step(input.map(Math.tanh), i, latents, new Float32Array(4));
      latents = new Float32Array(next);
    }
    expect(latents.every((value) => Number.isFinite(value) && Math.abs(value) < 20)).toBe(true);
  });

  it('refuses more steps than it can take, naming the limit', () => {
    const limit = name === 'lcm' ? 50 : 1000;
    expect(() => createScheduler(name, stableDiffusion, limit + 1)).toThrow(StudioError);
    expect(() => createScheduler(name, stableDiffusion, limit + 1)).toThrow(/steps is \d+; allowed/);
    expect(() => createScheduler(name, stableDiffusion, 0)).toThrow(/whole numbers 1 to/);
  });

  it('has a label', () => {
    expect(schedulerLabels[name].label).not.toBe('');
  });
});

describe('order and noise', () => {
  it('refuses steps out of order where earlier steps are remembered', () => {
    const scheduler = createScheduler('dpmpp_2m', stableDiffusion, 4);
    expect(() => scheduler.step(new Float32Array(4), 1, new Float32Array(4))).toThrow(/the next one is 0/);
  });

  it('refuses to step without the noise that it needs', () => {
    const scheduler = createScheduler('euler_a', stableDiffusion, 4);
    expect(() => scheduler.step(new Float32Array(4), 0, new Float32Array(4))).toThrow(/needs noise/);
  });
});

describe('zero terminal SNR', () => {
  const zeroSnr: NoiseSchedule = { ...velocity, betaEnd: 0.012, rescaleBetasZeroSnr: true };

  it('starts at 4096 where σ would be infinite, as diffusers does', () => {
    expect(createScheduler('euler', zeroSnr, 5).initNoiseSigma).toBeCloseTo(4096, 2);
  });

  it('is refused by schedulers that are not defined for it, and by DDIM for models that predict noise', () => {
    expect(() => createScheduler('pndm', zeroSnr, 5)).toThrow(/zero signal/);
    expect(() => createScheduler('heun', zeroSnr, 5)).toThrow(/zero signal/);
    expect(() => createScheduler('ddim', { ...zeroSnr, predictionType: 'epsilon' }, 5)).toThrow(
      /zero signal/,
    );
    expect(createScheduler('ddim', zeroSnr, 5).timesteps).toHaveLength(5);
  });
});
