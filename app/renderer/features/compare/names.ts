import {
  noMerging,
  type MatchScope,
  type MergeMode,
  type MergeSide,
  type MergingOptions,
  type PartitionKind,
  type StepCache,
} from '#contract/request.ts';
import { formatStepCache } from '#contract/step-cache-text.ts';
import { formatPercent } from '../../lib/format.ts';
import { m } from '../../paraglide/messages.js';
import { language } from '../../state/language.svelte.ts';
import { presetName, schedulerTitles } from '../generate/names.ts';
import { isUnmerged, type ComparedField, type Setting } from './settings.ts';
import type { Candidate, SetId } from './sets.ts';

export const setNames: Record<SetId, () => string> = {
  presets: m.compare_set_presets,
  ratios: m.compare_set_ratios,
  partitions: m.compare_set_partitions,
  parts: m.compare_set_parts,
  depths: m.compare_set_depths,
};

const partitions: Record<PartitionKind, () => string> = {
  'cells-random': m.compare_partition_cells_random,
  'cells-fixed': m.compare_partition_cells_fixed,
  columns: m.compare_partition_columns,
  random: m.compare_partition_random,
};

export const fieldNames: Record<ComparedField, () => string> = {
  model: m.compare_field_model,
  prompt: m.compare_field_prompt,
  negativePrompt: m.compare_field_negative,
  seed: m.compare_field_seed,
  guidanceScale: m.compare_field_guidance,
  steps: m.compare_field_steps,
  scheduler: m.compare_field_scheduler,
  merging: m.compare_field_merging,
};

function partsName({ selfAttention, crossAttention, mlp }: MergingOptions): string {
  const parts = [
    selfAttention ? m.compare_part_self() : '',
    crossAttention ? m.compare_part_cross() : '',
    mlp ? m.compare_part_mlp() : '',
  ].filter((part) => part !== '');
  return parts.join(' + ');
}

function depthName({ maxDownsample }: MergingOptions): string {
  return maxDownsample === 1 ? m.compare_depth_largest() : m.compare_depth({ part: `1/${maxDownsample}` });
}

/** What of a merging is not as usual, in a few words; empty where all is. */
export function unusualWords(merging: MergingOptions): string[] {
  const { ratioEnd, mode, side, partition, sx, sy, maxDownsample, blocks } = merging;
  const parts = partsName(merging);
  return [
    ratioEnd === undefined ? '' : `→ ${formatPercent(ratioEnd, language.current)}`,
    modes[mode]?.() ?? '',
    mode === 'downsample' || side === noMerging.side ? '' : sides[side](),
    partition === noMerging.partition ? '' : partitions[partition](),
    sx === noMerging.sx && sy === noMerging.sy ? '' : m.compare_cells({ cells: `${sx} × ${sy}` }),
    maxDownsample === noMerging.maxDownsample || blocks !== undefined ? '' : depthName(merging),
    blocks === undefined ? '' : m.compare_blocks({ count: blocks.length }),
    parts === partsName(noMerging) ? '' : parts,
    ...matchingWords(merging),
  ].filter((word) => word !== '');
}

/** `step cache 3:0`: every third step whole, branch 0. */
export function stepCacheWords(stepCache: StepCache | undefined): string[] {
  return stepCache === undefined ? [] : [m.compare_step_cache({ cache: formatStepCache(stepCache) })];
}

const modes: Partial<Record<MergeMode, () => string>> = {
  prune: m.compare_mode_prune,
  downsample: m.compare_mode_downsample,
};
const sides: Record<MergeSide, () => string> = {
  all: m.compare_side_all,
  sampled: m.compare_side_sampled,
  queries: m.compare_side_queries,
  'keys-values': m.compare_side_keys_values,
};
const scopes: Record<MatchScope, () => string> = {
  block: m.compare_scope_block,
  stage: m.compare_scope_stage,
  level: m.compare_scope_level,
};

function matchingWords({
  mode,
  threshold,
  importance,
  matchScope,
  matchEvery,
  matchWindow,
}: MergingOptions): string[] {
  // A coarser grid matches nothing.
  if (mode === 'downsample') return [];
  return [
    threshold === undefined
      ? ''
      : m.compare_threshold({ cosine: threshold.toLocaleString(language.current) }),
    importance === 0 ? '' : m.compare_importance({ share: formatPercent(importance, language.current) }),
    matchScope === noMerging.matchScope ? '' : scopes[matchScope](),
    matchEvery === 1 ? '' : m.compare_match_every({ count: matchEvery }),
    matchWindow === noMerging.matchWindow ? '' : windowWords(matchWindow),
  ];
}

function windowWords(count: number): string {
  return count === 0 ? m.compare_match_whole() : m.compare_match_window({ count });
}

export function stepsWords(count: number): string {
  return count === 1 ? m.compare_step_one() : m.compare_steps({ count });
}

export interface SettingName {
  readonly name: string;
  readonly detail: string;
}

/** "50 %", and what else is special about it; steps and scheduler only where they differ from the picture compared. */
export function settingName(setting: Setting, root: Setting): SettingName {
  const { merging, steps, scheduler, stepCache } = setting;
  const unmerged = isUnmerged(setting);
  return {
    name: unmerged ? m.compare_unmerged() : formatPercent(merging.ratio, language.current),
    detail: [
      ...(unmerged ? [] : unusualWords(merging)),
      ...stepCacheWords(stepCache),
      ...besides(setting, root),
    ].join(' · '),
  };

  function besides(own: Setting, other: Setting): string[] {
    return [
      own.steps === other.steps ? '' : stepsWords(steps),
      own.scheduler === other.scheduler ? '' : schedulerTitles[scheduler],
    ].filter((word) => word !== '');
  }
}

function capital(words: string): string {
  return words.charAt(0).toLocaleUpperCase() + words.slice(1);
}

/** A candidate is called by what its set varies. */
export function candidateName(candidate: Candidate, set: SetId, root: Setting): SettingName {
  const { setting, preset } = candidate;
  const usual = settingName(setting, root);
  if (preset !== null)
    return {
      name: presetName(preset),
      detail: [isUnmerged(setting) ? m.compare_unmerged_lower() : usual.name, usual.detail]
        .filter((word) => word !== '')
        .join(' · '),
    };
  if (isUnmerged(setting)) return usual;
  const percent = formatPercent(setting.merging.ratio, language.current);
  switch (set) {
    case 'partitions':
      return { name: partitions[setting.merging.partition](), detail: percent };
    case 'parts':
      return { name: capital(partsName(setting.merging)), detail: percent };
    case 'depths':
      return { name: depthName(setting.merging), detail: percent };
    case 'presets':
    case 'ratios':
      return usual;
  }
}
