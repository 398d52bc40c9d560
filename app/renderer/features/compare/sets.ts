import {
  maxDownsamples,
  noMerging,
  partitionKinds,
  type GenerationRequest,
  type MergingOptions,
} from '#contract/request.ts';
import type { Preset, PresetChanges } from '#contract/studio/presets.ts';
import { isUnmerged, settingKey, type Setting } from './settings.ts';

/** What a picture can be compared with: sets of settings that vary one thing. */

export const setIds = ['presets', 'ratios', 'partitions', 'parts', 'depths'] as const;
export type SetId = (typeof setIds)[number];

export interface Candidate {
  readonly key: string;
  /** What queue.variants is asked for. */
  readonly changes: PresetChanges;
  readonly setting: Setting;
  /** Set for a candidate of the presets. */
  readonly preset: Preset | null;
}

const ladder = [0, 0.25, 0.5, 0.6, 0.75] as const;
/** Where the picture itself merges nothing, its variants merge this much. */
const usualRatio = 0.5;

export function candidatesOf(
  set: SetId,
  request: GenerationRequest,
  presets: readonly Preset[],
): Candidate[] {
  if (set === 'presets') return distinct(presets.map((preset) => candidate(request, preset.changes, preset)));
  const { ratioEnd: _ratioEnd, ...base } = isUnmerged({ merging: request.merging })
    ? { ...noMerging, ratio: usualRatio }
    : request.merging;
  return distinct(
    [noMerging, ...varied(set, base)].map((merging) => candidate(request, { merging, stepsFactor: 1 }, null)),
  );
}

function varied(set: Exclude<SetId, 'presets'>, base: MergingOptions): MergingOptions[] {
  switch (set) {
    case 'ratios':
      return [...new Set([...ladder, base.ratio])]
        .toSorted((a, b) => a - b)
        .map((ratio) => ({ ...base, ratio }));
    case 'partitions':
      return partitionKinds.map((partition) => ({ ...base, partition }));
    case 'parts':
      return [
        [false, false],
        [true, false],
        [false, true],
        [true, true],
      ].map(([crossAttention = false, mlp = false]) => ({
        ...base,
        selfAttention: true,
        crossAttention,
        mlp,
      }));
    case 'depths': {
      const { blocks: _blocks, ...bySize } = base;
      return maxDownsamples.map((maxDownsample) => ({ ...bySize, maxDownsample }));
    }
  }
}

function candidate(request: GenerationRequest, changes: PresetChanges, preset: Preset | null): Candidate {
  const setting: Setting = {
    merging: isUnmerged({ merging: changes.merging }) ? noMerging : changes.merging,
    stepCache: changes.stepCache,
    // As the studio rounds it when the variant is made.
    steps: Math.max(1, Math.round(request.steps * changes.stepsFactor)),
    scheduler: changes.scheduler ?? request.scheduler,
  };
  return { key: settingKey(setting), changes, setting, preset };
}

function distinct(candidates: readonly Candidate[]): Candidate[] {
  return [...new Map(candidates.toReversed().map((each) => [each.key, each])).values()].toReversed();
}
