import type { NoiseSchedule, TimestepSpacing } from '#contract/model.ts';

/*
 * Which train timesteps are visited, from the noisiest down.
 * Source: Lin et al. 2023, arXiv:2305.08891, table 2, with numpy's arithmetic, as diffusers uses it.
 */

/** Rounds halves to the even neighbour, as numpy does. */
export function roundHalfEven(value: number): number {
  const below = Math.floor(value);
  const fraction = value - below;
  if (fraction !== 0.5) return Math.round(value);
  return below % 2 === 0 ? below : below + 1;
}

/** `count` numbers from `start` to `end`, both included; `start` alone when count is 1. */
export function linspace(start: number, end: number, count: number): number[] {
  const step = count > 1 ? (end - start) / (count - 1) : 0;
  return Array.from({ length: count }, (_, i) => (i === count - 1 && count > 1 ? end : start + i * step));
}

function leading(schedule: NoiseSchedule, steps: number, stride: number): number[] {
  return Array.from({ length: steps }, (_, i) => (steps - 1 - i) * stride + schedule.stepsOffset);
}

function trailing({ trainTimesteps }: NoiseSchedule, steps: number): number[] {
  // numpy.arange takes its stride from the difference of its first two values.
  const stride = trainTimesteps - trainTimesteps / steps - trainTimesteps;
  return Array.from({ length: steps }, (_, i) => roundHalfEven(trainTimesteps + i * stride) - 1);
}

/** Whole timesteps (DDIM, PNDM). */
export function wholeTimesteps(schedule: NoiseSchedule, steps: number, spacing: TimestepSpacing): number[] {
  switch (spacing) {
    case 'linspace':
      return linspace(0, schedule.trainTimesteps - 1, steps)
        .map(roundHalfEven)
        .reverse();
    case 'leading':
      return leading(schedule, steps, Math.floor(schedule.trainTimesteps / steps));
    case 'trailing':
      return trailing(schedule, steps);
  }
}

/** Timesteps in float32, between the whole ones too (Euler, Heun). */
export function realTimesteps(schedule: NoiseSchedule, steps: number, spacing: TimestepSpacing): number[] {
  if (spacing !== 'linspace') return wholeTimesteps(schedule, steps, spacing);
  return linspace(0, schedule.trainTimesteps - 1, steps)
    .map(Math.fround)
    .reverse();
}

/** Whole timesteps of one step more, without the last: the walk ends at σ = 0 instead (DPM-Solver, UniPC). */
export function solverTimesteps(schedule: NoiseSchedule, steps: number, spacing: TimestepSpacing): number[] {
  switch (spacing) {
    case 'linspace':
      return wholeTimesteps(schedule, steps + 1, spacing).slice(0, -1);
    case 'leading':
      return leading(schedule, steps + 1, Math.floor(schedule.trainTimesteps / (steps + 1))).slice(0, -1);
    case 'trailing':
      return trailing(schedule, steps);
  }
}
