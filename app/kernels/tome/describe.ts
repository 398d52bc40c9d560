import type { UnetConfig } from '../nets/configs.ts';
import { attentionBlocks, levelGrids } from '../nets/unet-blocks.ts';
import { coarsePartition, maxCoarseRatio } from './coarse.ts';
import { mergeable } from './dealing.ts';
import { choosePartition } from './partition.ts';
import { mergingNotes, type MergingNote } from './notes.ts';
import { mergedCount } from './ratio.ts';
import { mergingModules, selectBlocks, type MergeSettings } from './settings.ts';
import { leftOut } from './worth.ts';

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
  /** Grids where merging would cost more time than it saves, at the first or last step, so that it is left out. */
  readonly costly: readonly string[];
  /** For the user: asked for more than can be, nothing merged and why. */
  readonly notes: readonly MergingNote[];
}

/** Says what a request's merging will do to this model at this size, before anything runs. Never caps in silence. */
export function describeMerging(
  config: UnetConfig,
  settings: MergeSettings,
  latentH: number,
  latentW: number,
): MergingReport {
  const end = settings.ratioEnd ?? settings.ratio;
  const anyModule = mergingModules(settings).length > 0;
  const grids = levelGrids(config.blockOutChannels.length, latentH, latentW);
  let tokens = 0;
  let goneStart = 0;
  let goneEnd = 0;
  let largest = 0;
  const costly = new Set<string>();
  const blocks = selectBlocks(config, settings).map((block): BlockReport => {
    const { h, w } = grids[block.level] ?? { h: 0, w: 0 };
    const { count: going, most, destinations } = goingFrom(settings, h, w);
    const isLeftOut = (merged: number) =>
      leftOut(config, settings, { level: block.level, tokens: h * w, destinations, merged });
    const count = (ratio: number) => (anyModule && !isLeftOut(going(ratio)) ? going(ratio) : 0);
    if (anyModule && [settings.ratio, end].some((ratio) => isLeftOut(going(ratio)))) costly.add(`${w}×${h}`);
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
    costly: [...costly],
  };
  return { ...report, notes: mergingNotes(config, settings, report) };
}

/** How many tokens of a grid go at a ratio, and the most that can. */
function goingFrom(settings: MergeSettings, h: number, w: number) {
  if (settings.mode === 'downsample')
    return {
      count: (ratio: number) => coarsePartition(h, w, ratio).src.length,
      most: Math.round(h * w * maxCoarseRatio(h, w)),
      destinations: h * w,
    };
  // Every kind chooses a fixed number of destinations, whatever its dice say.
  const { partition: kind, sx, sy } = settings;
  const partition = choosePartition(h, w, { kind, sx, sy }, () => 0);
  const most = mergeable({ gridH: h, gridW: w, window: settings.matchWindow }, partition);
  return {
    count: (ratio: number) => mergedCount(h * w, most, ratio),
    ...{ most, destinations: partition.dst.length },
  };
}
