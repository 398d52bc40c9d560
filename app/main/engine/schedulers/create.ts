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

type Create = (schedule: NoiseSchedule, steps: number) => Scheduler;

const creators: Readonly<Record<SchedulerName, Create>> = {
  ddim: createDdim,
  pndm: createPndm,
  euler: (schedule, steps) => createEuler(schedule, steps),
  euler_a: createEulerAncestral,
  euler_karras: (schedule, steps) => createEuler(schedule, steps, true),
  heun: createHeun,
  dpmpp_2m: (schedule, steps) =>
    createDpmSolver(schedule, steps, { name: 'dpmpp_2m', karras: false, stochastic: false }),
  dpmpp_2m_karras: (schedule, steps) =>
    createDpmSolver(schedule, steps, { name: 'dpmpp_2m_karras', karras: true, stochastic: false }),
  dpmpp_2m_sde: (schedule, steps) =>
    createDpmSolver(schedule, steps, { name: 'dpmpp_2m_sde', karras: false, stochastic: true }),
  unipc: createUnipc,
  lcm: createLcm,
};

/** Throws REQUEST_INVALID where the scheduler cannot do that many steps with that model. */
export function createScheduler(name: SchedulerName, schedule: NoiseSchedule, steps: number): Scheduler {
  return creators[name](schedule, steps);
}
