import type { Infotext } from './infotext.ts';
import {
  maxDownsamples,
  noMerging,
  partitionKinds,
  schedulerNames,
  type MergingOptions,
  type SchedulerName,
} from './request.ts';
import { schedulerLabels } from './scheduler-labels.ts';
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
    const value = Number(left.get(key) ?? Number.NaN);
    if (Number.isFinite(value)) left.delete(key);
    return Number.isFinite(value) ? value : undefined;
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
  const merging = readMerging(take, number);
  if (merging !== undefined) {
    changes.merging = merging;
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

function readMerging(
  take: (key: string) => string | undefined,
  number: (key: string) => number | undefined,
): MergingOptions | undefined {
  const ratio = number('Token merging ratio');
  if (ratio === undefined || ratio < 0 || ratio > 1) return undefined;
  const ratioEnd = number('Token merging ratio end');
  const partition = take('Token merging partition');
  const cell = /^(\d+)x(\d+)$/.exec(take('Token merging cell') ?? '');
  const downsample = number('Token merging max downsample');
  const blocks = take('Token merging blocks');
  const modules = take('Token merging modules')?.split(' ');
  return {
    ...noMerging,
    ratio,
    ...(ratioEnd === undefined ? {} : { ratioEnd }),
    mode: take('Token merging mode') === 'prune' ? 'prune' : 'merge',
    partition: partitionKinds.find((kind) => kind === partition) ?? noMerging.partition,
    ...(cell === null ? {} : { sx: Number(cell[1]), sy: Number(cell[2]) }),
    maxDownsample: maxDownsamples.find((known) => known === downsample) ?? noMerging.maxDownsample,
    ...(blocks === undefined ? {} : { blocks: blocks.split(', ') }),
    ...(modules === undefined
      ? {}
      : {
          selfAttention: modules.includes('self'),
          crossAttention: modules.includes('cross'),
          mlp: modules.includes('mlp'),
        }),
    sharePartition: take('Token merging shared partition') !== 'off',
  };
}
