import type { NoiseSchedule } from '#contract/model.ts';
import type { SchedulerName } from '#contract/request.ts';
import { createDdim } from './ddim.ts';
import { createDpmSolver } from './dpm-solver.ts';
import { createEuler, createEulerAncestral } from './euler.ts';
import { createHeun } from './heun.ts';
import { createLcm } from './lcm.ts';
import { createPndm } from './pndm.ts';
import type { Scheduler } from './scheduler.ts';
import { createUnipc } from './unipc.ts';

interface SchedulerEntry {
  /** As A1111's menu showed it before 1.9, and as people say it. */
  readonly label: string;
  /** "Sampler" and "Schedule type" in the parameters text that A1111 writes since 1.9. */
  readonly sampler: string;
  readonly scheduleType: 'Automatic' | 'Karras';
  readonly create: (schedule: NoiseSchedule, steps: number) => Scheduler;
}

export const schedulers: Readonly<Record<SchedulerName, SchedulerEntry>> = {
  ddim: { label: 'DDIM', sampler: 'DDIM', scheduleType: 'Automatic', create: createDdim },
  pndm: { label: 'PLMS', sampler: 'PLMS', scheduleType: 'Automatic', create: createPndm },
  euler: {
    label: 'Euler',
    sampler: 'Euler',
    scheduleType: 'Automatic',
    create: (schedule, steps) => createEuler(schedule, steps),
  },
  euler_a: { label: 'Euler a', sampler: 'Euler a', scheduleType: 'Automatic', create: createEulerAncestral },
  euler_karras: {
    label: 'Euler Karras',
    sampler: 'Euler',
    scheduleType: 'Karras',
    create: (schedule, steps) => createEuler(schedule, steps, true),
  },
  heun: { label: 'Heun', sampler: 'Heun', scheduleType: 'Automatic', create: createHeun },
  dpmpp_2m: {
    label: 'DPM++ 2M',
    sampler: 'DPM++ 2M',
    scheduleType: 'Automatic',
    create: (schedule, steps) =>
      createDpmSolver(schedule, steps, { name: 'dpmpp_2m', karras: false, stochastic: false }),
  },
  dpmpp_2m_karras: {
    label: 'DPM++ 2M Karras',
    sampler: 'DPM++ 2M',
    scheduleType: 'Karras',
    create: (schedule, steps) =>
      createDpmSolver(schedule, steps, { name: 'dpmpp_2m_karras', karras: true, stochastic: false }),
  },
  dpmpp_2m_sde: {
    label: 'DPM++ 2M SDE',
    sampler: 'DPM++ 2M SDE',
    scheduleType: 'Automatic',
    create: (schedule, steps) =>
      createDpmSolver(schedule, steps, { name: 'dpmpp_2m_sde', karras: false, stochastic: true }),
  },
  unipc: { label: 'UniPC', sampler: 'UniPC', scheduleType: 'Automatic', create: createUnipc },
  lcm: { label: 'LCM', sampler: 'LCM', scheduleType: 'Automatic', create: createLcm },
};

/** Throws REQUEST_INVALID where the scheduler cannot do that many steps with that model. */
export function createScheduler(name: SchedulerName, schedule: NoiseSchedule, steps: number): Scheduler {
  return schedulers[name].create(schedule, steps);
}
