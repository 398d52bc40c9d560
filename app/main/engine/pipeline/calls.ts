import type { NoiseSchedule } from '#contract/model.ts';
import type { GenerationRequest } from '#contract/request.ts';
import { createScheduler } from '../schedulers/create.ts';

/** How often the U-Net is run for one picture: Heun and PNDM run it more often than there are steps. */
export function countCalls(request: GenerationRequest, schedule: NoiseSchedule): number {
  return createScheduler(request.scheduler, schedule, request.steps).timesteps.length;
}
