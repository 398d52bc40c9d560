import * as v from 'valibot';
import type { Infotext } from './infotext.ts';
import {
  MergingSchema,
  schedulerNames,
  tomesdMerging,
  type MergingOptions,
  type SchedulerName,
} from './request.ts';
import { schedulerLabels } from './scheduler-labels.ts';
import { parseStepCache, stepCacheKey } from './step-cache-text.ts';
import type { Draft } from './studio/draft.ts';

/** What a dropped picture's settings say of our form. */
export interface InfotextDraft {
  readonly changes: Partial<Draft>;
  readonly modelName?: string;
  /** Keys that the form has no field for, as they stood: kept and shown. */
  readonly unknown: readonly (readonly [string, string])[];
}

/** Reads A1111's keys (modules/processing.py@v1.10.1, create_infotext) and those that Tessera adds. */
export function draftFromInfotext({ prompt, negativePrompt, settings }: Infotext): InfotextDraft {
  const left = new Map(settings);
  const take = (key: string): string | undefined => {
    const value = left.get(key);
    left.delete(key);
    return value;
  };
  const number = (key: string): number | undefined => {
    const value = numberOf(left.get(key));
    if (value !== undefined) left.delete(key);
    return value;
  };
  const changes: Partial<Draft> = { prompt, negativePrompt };
  const set = <K extends keyof Draft>(key: K, value: Draft[K] | undefined): void => {
    if (value !== undefined) changes[key] = value;
  };
  set('steps', number('Steps'));
  set('guidanceScale', number('CFG scale'));
  set('seed', number('Seed'));
  const size = /^(\d+)x(\d+)$/.exec(left.get('Size') ?? '');
  if (size !== null) {
    left.delete('Size');
    changes.widthPx = Number(size[1]);
    changes.heightPx = Number(size[2]);
  }
  const scheduler = schedulerFor(left.get('Sampler'), left.get('Schedule type'));
  if (scheduler !== undefined) {
    changes.scheduler = scheduler;
    left.delete('Sampler');
    left.delete('Schedule type');
  }
  const merging = readMerging(left);
  if (merging !== undefined) {
    changes.merging = merging;
    changes.presetId = null;
    for (const key of left.keys()) if (key.startsWith(mergingPrefix)) left.delete(key);
  }
  const stepCache = parseStepCache(left.get(stepCacheKey) ?? '');
  if (stepCache !== undefined) {
    left.delete(stepCacheKey);
    changes.stepCache = stepCache;
    changes.presetId = null;
  }
  const modelName = take('Model');
  return { changes, unknown: [...left], ...(modelName === undefined ? {} : { modelName }) };
}

/** "Sampler: DPM++ 2M, Schedule type: Karras" since 1.9, "Sampler: DPM++ 2M Karras" before. */
function schedulerFor(
  sampler: string | undefined,
  scheduleType: string | undefined,
): SchedulerName | undefined {
  if (sampler === undefined) return undefined;
  const type = scheduleType === 'Karras' ? 'Karras' : 'Automatic';
  return schedulerNames.find((name) => {
    const known = schedulerLabels[name];
    return (
      (known.sampler === sampler && known.scheduleType === type) ||
      (scheduleType === undefined && known.label === sampler)
    );
  });
}

/** A whole number too large to be held exactly stays as it stands. */
function numberOf(text: string | undefined): number | undefined {
  if (text === undefined || text.trim() === '') return undefined;
  const value = Number(text);
  return Number.isFinite(value) && Math.abs(value) <= Number.MAX_SAFE_INTEGER ? value : undefined;
}

const mergingPrefix = 'Token merging ';

/** Undefined where nothing is said of merging, or something that cannot be: then its keys stay among the unknown. */
function readMerging(settings: ReadonlyMap<string, string>): MergingOptions | undefined {
  const text = (name: string) => settings.get(`${mergingPrefix}${name}`);
  const ratio = numberOf(text('ratio'));
  if (ratio === undefined) return undefined;
  const cell = text('cell')?.split('x');
  const modules = text('modules')?.split(' ');
  const said = {
    ratio,
    ratioEnd: numberOf(text('ratio end')),
    mode: text('mode'),
    partition: text('partition'),
    sx: numberOf(cell?.[0]),
    sy: numberOf(cell?.[1]),
    maxDownsample: numberOf(text('max downsample')),
    blocks: text('blocks')?.split(', '),
    selfAttention: modules?.includes('self'),
    crossAttention: modules?.includes('cross'),
    mlp: modules?.includes('mlp'),
    sharePartition: text('shared partition') !== 'off',
    side: text('side'),
    threshold: numberOf(text('threshold')),
    importance: numberOf(text('importance')),
    matchScope: text('match scope'),
    matchEvery: numberOf(text('match every')),
    matchWindow: numberOf(text('match window')),
    leaveOutCostly: text('left out where costly') === 'true',
  };
  const given = Object.entries(said).filter(([, value]) => value !== undefined);
  const result = v.safeParse(MergingSchema, { ...tomesdMerging, ...Object.fromEntries(given) });
  return result.success ? result.output : undefined;
}
