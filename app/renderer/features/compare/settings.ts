import { mergingKey } from '#contract/merging-key.ts';
import type { GenerationRequest, MergingOptions, SchedulerName, StepCache } from '#contract/request.ts';
import type { Generation } from '#contract/studio/generation.ts';

/** What may differ between the pictures of one comparison. */
export interface Setting {
  readonly merging: MergingOptions;
  readonly stepCache?: StepCache | undefined;
  readonly steps: number;
  readonly scheduler: SchedulerName;
}

/** Equal for settings that make the same picture. */
export function settingKey({ steps, scheduler, merging, stepCache }: Setting): string {
  return `${steps} ${scheduler} ${mergingKey(merging, stepCache)}`;
}

export function isUnmerged({ merging, stepCache }: Pick<Setting, 'merging' | 'stepCache'>): boolean {
  return mergingKey(merging, stepCache) === 'none';
}

export const comparedFields = [
  'model',
  'prompt',
  'negativePrompt',
  'seed',
  'guidanceScale',
  'steps',
  'scheduler',
  'merging',
] as const;
export type ComparedField = (typeof comparedFields)[number];

/** What two pictures were asked for differently. */
export function differingFields(a: Generation, b: Generation): ComparedField[] {
  return comparedFields.filter((field) => {
    if (field === 'model') return a.model.id !== b.model.id;
    if (field === 'merging') return keyOf(a) !== keyOf(b);
    return a.request[field] !== b.request[field];
  });
}

function keyOf({ request: { merging, stepCache } }: Generation): string {
  return mergingKey(merging, stepCache);
}

const partOfTheRequest: readonly ComparedField[] = [
  'model',
  'prompt',
  'negativePrompt',
  'seed',
  'guidanceScale',
];

/** Fields beyond merging, steps and scheduler: with one of them, a difference is not the setting's alone. */
export function foreignFields(a: Generation, b: Generation): ComparedField[] {
  return differingFields(a, b).filter((field) => partOfTheRequest.includes(field));
}

export function isSameSize(a: GenerationRequest, b: GenerationRequest): boolean {
  return a.widthPx === b.widthPx && a.heightPx === b.heightPx;
}
