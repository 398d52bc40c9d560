import * as v from 'valibot';
import { StepCacheSchema, type StepCache } from './request.ts';

/** What it is called in an infotext. */
export const stepCacheKey = 'Step cache';

/** `3:0`, interval and branch: the form of the command line, of infotexts and of keys. */
export function formatStepCache({ interval, branch }: StepCache): string {
  return `${interval}:${branch}`;
}

/** The same backwards; a branch left out is 0. Undefined where it is not of that form or not allowed. */
export function parseStepCache(text: string): StepCache | undefined {
  const [, interval, branch = '0'] = /^\s*(\d+)\s*(?::\s*(\d+)\s*)?$/.exec(text) ?? [];
  const result = v.safeParse(StepCacheSchema, { interval: Number(interval), branch: Number(branch) });
  return result.success ? result.output : undefined;
}
