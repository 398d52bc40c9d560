import type { Infotext } from '#contract/infotext.ts';
import { tomesdMerging, type GenerationRequest, type MergingOptions } from '#contract/request.ts';
import { schedulerLabels } from '#contract/scheduler-labels.ts';
import { formatStepCache, stepCacheKey } from '#contract/step-cache-text.ts';

/** A picture's settings under the keys that A1111 writes and other studios read; what A1111 has no key for follows under our own. */
export interface PictureOrigin {
  readonly request: GenerationRequest;
  readonly seed: number;
  readonly modelName: string;
  readonly version: string;
}

export function toInfotext({ request, seed, modelName, version }: PictureOrigin): Infotext {
  const { sampler, scheduleType } = schedulerLabels[request.scheduler];
  return {
    prompt: request.prompt,
    negativePrompt: request.negativePrompt,
    settings: new Map([
      ['Steps', String(request.steps)],
      ['Sampler', sampler],
      ['Schedule type', scheduleType],
      ['CFG scale', String(request.guidanceScale)],
      ['Seed', String(seed)],
      ['Size', `${request.widthPx}x${request.heightPx}`],
      ['Model', modelName],
      ...mergingPairs(request),
      ...stepCachePairs(request),
      ['Version', `Tessera ${version}`],
    ]),
  };
}

function stepCachePairs({ stepCache }: GenerationRequest): [string, string][] {
  return stepCache === undefined ? [] : [[stepCacheKey, formatStepCache(stepCache)]];
}

/** A1111 writes "Token merging ratio" too, and only when it merges. */
function mergingPairs({ merging }: GenerationRequest): [string, string][] {
  const { ratio, ratioEnd } = merging;
  if (ratio === 0 && (ratioEnd ?? 0) === 0) return [];
  const modules = [
    merging.selfAttention ? ['self'] : [],
    merging.crossAttention ? ['cross'] : [],
    merging.mlp ? ['mlp'] : [],
  ].flat();
  return [
    ['Token merging ratio', String(ratio)],
    ...(ratioEnd === undefined
      ? []
      : [['Token merging ratio end', String(ratioEnd)] satisfies [string, string]]),
    ['Token merging mode', merging.mode],
    ['Token merging partition', merging.partition],
    ['Token merging cell', `${merging.sx}x${merging.sy}`],
    merging.blocks === undefined
      ? ['Token merging max downsample', String(merging.maxDownsample)]
      : ['Token merging blocks', merging.blocks.join(', ')],
    ['Token merging modules', modules.join(' ')],
    ...(merging.sharePartition ? [] : [['Token merging shared partition', 'off'] satisfies [string, string]]),
    ...unusualPairs(merging),
  ];
}

/** Options that tomesd does not have are told only where they differ from its ways. */
const unusualKeys = {
  side: 'side',
  threshold: 'threshold',
  importance: 'importance',
  matchScope: 'match scope',
  matchEvery: 'match every',
  matchWindow: 'match window',
  leaveOutCostly: 'left out where costly',
} as const;

function unusualPairs(merging: MergingOptions): [string, string][] {
  return (Object.keys(unusualKeys) as (keyof typeof unusualKeys)[])
    .filter((field) => merging[field] !== undefined && merging[field] !== tomesdMerging[field])
    .map((field) => [`Token merging ${unusualKeys[field]}`, String(merging[field])]);
}
