import type { UnetConfig } from '../nets/configs.ts';
import { attentionBlocks, levelGrids } from '../nets/unet-blocks.ts';
import { mergeable } from './dealing.ts';
import { choosePartition } from './partition.ts';
import { selectBlocks, type MergeSettings } from './plan.ts';
import { mergedCount } from './ratio.ts';

export interface BlockReport {
  readonly block: string;
  readonly downsample: number;
  readonly gridH: number;
  readonly gridW: number;
  readonly tokens: number;
  /** Tokens left at the first and at the last step. */
  readonly leftAtStart: number;
  readonly leftAtEnd: number;
}

export interface MergingReport {
  readonly blocks: readonly BlockReport[];
  /** The attention blocks that the settings leave alone. */
  readonly unmerged: readonly { readonly block: string; readonly gridH: number; readonly gridW: number }[];
  /** Share of the merged blocks' tokens that goes, first step and last: what the request really gets. */
  readonly effectiveRatio: number;
  readonly effectiveRatioEnd: number;
  /** The most that this partition allows on these grids. */
  readonly maxRatio: number;
  /** Plain sentences for the user: asked for more than can be, nothing merged and why. */
  readonly notes: readonly string[];
}

/** Says what a request's merging will do to this model at this size, before anything runs. Never caps in silence. */
export function describeMerging(
  config: UnetConfig,
  settings: MergeSettings,
  latentH: number,
  latentW: number,
): MergingReport {
  const end = settings.ratioEnd ?? settings.ratio;
  const anyModule = settings.selfAttention || settings.crossAttention || settings.mlp;
  const grids = levelGrids(config.blockOutChannels.length, latentH, latentW);
  let tokens = 0;
  let goneStart = 0;
  let goneEnd = 0;
  let largest = 0;
  const blocks = selectBlocks(config, settings).map((block): BlockReport => {
    const { h, w } = grids[block.level] ?? { h: 0, w: 0 };
    // Every kind chooses a fixed number of destinations, whatever its dice say.
    const partition = choosePartition(
      h,
      w,
      { kind: settings.partition, sx: settings.sx, sy: settings.sy },
      () => 0,
    );
    const most = mergeable({ gridH: h, gridW: w, window: settings.matchWindow }, partition);
    const count = (ratio: number) => (anyModule ? mergedCount(h * w, most, ratio) : 0);
    tokens += h * w;
    goneStart += count(settings.ratio);
    goneEnd += count(end);
    largest = Math.max(largest, most / (h * w));
    return {
      block: block.name,
      downsample: 2 ** block.level,
      gridH: h,
      gridW: w,
      tokens: h * w,
      leftAtStart: h * w - count(settings.ratio),
      leftAtEnd: h * w - count(end),
    };
  });
  const chosen = new Set(blocks.map(({ block }) => block));
  const unmerged = attentionBlocks(config)
    .filter(({ name }) => !chosen.has(name))
    .map(({ name, level }) => ({
      block: name,
      gridH: grids[level]?.h ?? 0,
      gridW: grids[level]?.w ?? 0,
    }));
  const effective = (gone: number) => (tokens === 0 ? 0 : gone / tokens);
  const report = {
    blocks,
    unmerged,
    effectiveRatio: effective(goneStart),
    effectiveRatioEnd: effective(goneEnd),
    maxRatio: largest,
  };
  return { ...report, notes: notes(config, settings, report) };
}

function notes(config: UnetConfig, settings: MergeSettings, report: Omit<MergingReport, 'notes'>): string[] {
  const asked = Math.max(settings.ratio, settings.ratioEnd ?? 0);
  if (asked === 0) return [];
  const said: string[] = [];
  const known = attentionBlocks(config).map((block) => block.name);
  const unknown = (settings.blocks ?? []).filter((name) => !known.includes(name));
  if (unknown.length > 0)
    said.push(`This model has no block ${unknown.join(', ')}; it has ${known.join(', ')}.`);
  const percent = (ratio: number) => `${(100 * ratio).toFixed(1).replace(/\.0$/, '')} %`;
  if (!settings.selfAttention && !settings.crossAttention && !settings.mlp) {
    said.push('Nothing will be merged: self-attention, cross-attention and MLP are all switched off.');
  } else if (report.blocks.length === 0) {
    const where =
      settings.blocks === undefined
        ? `at max downsample ${settings.maxDownsample}`
        : 'among the blocks named';
    said.push(`Nothing will be merged: this model has no attention ${where}.`);
  } else if (report.maxRatio === 0) {
    said.push('Nothing will be merged: at this size and cell no token has a destination to go to.');
  } else if (report.effectiveRatio === 0 && report.effectiveRatioEnd === 0) {
    const tokens = Math.max(...report.blocks.map((block) => block.tokens));
    said.push(`Nothing will be merged: ${percent(asked)} of ${tokens} tokens is less than one token.`);
  } else if (asked > report.maxRatio) {
    said.push(
      `Asked for ${percent(asked)}; this partition allows ${percent(report.maxRatio)}, and that is what is merged.`,
    );
  }
  return said;
}
