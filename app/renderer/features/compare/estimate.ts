import { mergingKey } from '#contract/merging-key.ts';
import type { SchedulerName } from '#contract/request.ts';
import { isSamePlace, type Candidate } from '#contract/runtime.ts';
import type { Statistic } from '#contract/studio/history.ts';
import type { Setting } from './settings.ts';

/** How long a picture will take, from what was measured here; undefined = nothing tells. */
export interface Estimate {
  readonly ms: number;
  /** The same setting was measured, or one with other steps. */
  readonly kind: 'measured' | 'estimated';
  readonly pictures: number;
}

export interface At {
  readonly modelId: string;
  readonly widthPx: number;
  readonly heightPx: number;
  /** Null while it is not known: then nothing tells. */
  readonly place: Candidate | null;
}

export function estimateTime(
  statistics: readonly Statistic[],
  at: At,
  setting: Setting,
): Estimate | undefined {
  const alike = statistics
    .filter(
      (each) =>
        each.modelId === at.modelId &&
        each.widthPx === at.widthPx &&
        each.heightPx === at.heightPx &&
        isSamePlace(each, at.place) &&
        each.scheduler === setting.scheduler &&
        mergingKey(each.merging, each.stepCache) === mergingKey(setting.merging, setting.stepCache),
    )
    .toSorted((a, b) => b.pictures - a.pictures);
  const same = alike.find(({ steps }) => steps === setting.steps);
  if (same !== undefined) return { ms: same.totalMs, kind: 'measured', pictures: same.pictures };
  const [near] = alike;
  if (near === undefined) return undefined;
  const more = callsOf(setting.scheduler, setting.steps) - callsOf(setting.scheduler, near.steps);
  return { ms: Math.max(0, near.totalMs + more * near.stepMs), kind: 'estimated', pictures: near.pictures };
}

/** Heun looks twice at every step but the last. */
function callsOf(scheduler: SchedulerName, steps: number): number {
  return scheduler === 'heun' ? 2 * steps - 1 : steps;
}

export interface TotalEstimate {
  readonly ms: number;
  /** Pictures of which nothing is known: the sum is then only a lower bound. */
  readonly unknown: number;
}

export function totalTime(estimates: readonly (Estimate | undefined)[]): TotalEstimate {
  return {
    ms: estimates.reduce((sum, each) => sum + (each?.ms ?? 0), 0),
    unknown: estimates.filter((each) => each === undefined).length,
  };
}
