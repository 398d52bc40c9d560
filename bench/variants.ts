import * as v from 'valibot';
import { RequestError } from '#contract/errors.ts';
import { tomesdMerging, StepCacheSchema, type MergingOptions, type StepCache } from '#contract/request.ts';
import type { Precision } from '#contract/runtime.ts';
import type { Contender } from './worker.ts';

/** What a run changes against tomesd's ways, beside the ratio. */
export interface Variant {
  /** Empty for tomesd's own ways. */
  readonly name: string;
  readonly merging: MergingOptions;
  readonly stepCache?: StepCache;
  /** Absent: f32. */
  readonly precision?: Precision;
}

export const plain: Variant = { name: '', merging: tomesdMerging };

/** Interval/branch, as DeepCache names them: 3/0. Throws REQUEST_INVALID. */
export function parseStepCache(text: string): Variant {
  const [interval, branch = '0'] = text.split('/');
  const checked = v.safeParse(StepCacheSchema, { interval: Number(interval), branch: Number(branch) });
  if (!checked.success)
    throw new RequestError(
      'REQUEST_INVALID',
      `--step-cache has ${JSON.stringify(text)}: ${checked.issues.map(({ message }) => message).join('. ')}. Example: 3/0.`,
    );
  return {
    name: `step cache ${checked.output.interval}/${checked.output.branch}`,
    merging: tomesdMerging,
    stepCache: checked.output,
  };
}

/** The U-Net in another precision, with tomesd's ways. */
export function inPrecision(precision: Precision): Variant {
  return { name: precision, merging: tomesdMerging, precision };
}

/** The peers know tomesd's ways and DeepCache's; and where nothing merges, its settings change nothing. */
export function appliesTo(variant: Variant, ratio: number, { side }: Pick<Contender, 'side'>): boolean {
  if (variant.name === '') return true;
  const { stepCache, precision } = variant;
  if (side === 'torch' && (changesMerging(variant) || precision !== undefined)) return false;
  return ratio > 0 || stepCache !== undefined || precision !== undefined;
}

function changesMerging({ merging }: Variant): boolean {
  return Object.entries(merging).some(
    ([field, value]) => field !== 'ratio' && value !== (tomesdMerging as Record<string, unknown>)[field],
  );
}
