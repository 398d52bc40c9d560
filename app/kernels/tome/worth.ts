import type { UnetConfig } from '../nets/configs.ts';
import { mergingModules, selectBlocks, sideOf, type MergeSettings } from './settings.ts';
import { matchKey, type MergeModule, type MergeSide } from './structure.ts';

/**
 * Whether merging saves a level's blocks more than it costs them, by counting operations per sample and block.
 *
 * The prices were measured on 2 cores with AVX-512 (docs/BENCHMARKS.md, the attention block of 64×64 tokens and 320
 * channels): attention and products run at about 150 operations a nanosecond, matching at about as many, and what
 * gathers, adds up and unmerges takes 3.8 ns for each number of the block's input, which buys 560 operations.
 */
const MOVING_PRICE = 560;
/** Operations of one multiplication that is added up. */
const MULTIPLY_ADD = 2;
const FEED_FORWARD_WIDTHS = 12;
const TEXT_TOKENS = 77;

export interface LevelWork {
  readonly level: number;
  readonly tokens: number;
  /** D of them, and r merged away. */
  readonly destinations: number;
  readonly merged: number;
}

/** Whether a request leaves a level alone because merging there would cost more time than it saves. */
export function leftOut(config: UnetConfig, settings: MergeSettings, work: LevelWork): boolean {
  return (
    settings.leaveOutCostly &&
    work.merged > 0 &&
    saved(config, settings, work) <= spent(config, settings, work)
  );
}

function saved(config: UnetConfig, settings: MergeSettings, work: LevelWork): number {
  const { level, tokens, merged } = work;
  const channels = config.blockOutChannels[level] ?? 0;
  const gone = merged / tokens;
  const projection = tokens * channels * channels;
  const sides = goneOfSides(sideOf(settings), work);
  const saving: Record<MergeModule, number> = {
    // Queries × keys and weights × values; the projections of either side.
    self:
      2 * tokens * tokens * channels * (1 - (1 - sides.queries) * (1 - sides.keysValues)) +
      2 * projection * (sides.queries + sides.keysValues),
    cross: 2 * projection * gone + 2 * tokens * TEXT_TOKENS * channels * gone,
    mlp: FEED_FORWARD_WIDTHS * projection * gone,
  };
  return MULTIPLY_ADD * mergingModules(settings).reduce((sum, module) => sum + saving[module], 0);
}

/** The share that goes of either side of the self-attention. */
function goneOfSides(side: MergeSide, { tokens, destinations, merged }: LevelWork) {
  const gone = merged / tokens;
  return {
    queries: side === 'keys-values' ? 0 : gone,
    keysValues: side === 'queries' ? 0 : side === 'sampled' ? 1 - destinations / tokens : gone,
  };
}

function spent(config: UnetConfig, settings: MergeSettings, work: LevelWork): number {
  const { level, tokens, destinations } = work;
  const channels = config.blockOutChannels[level] ?? 0;
  const moving = MOVING_PRICE * tokens * channels * mergingModules(settings).length;
  if (settings.mode === 'downsample') return moving / 2;
  const windows = settings.matchWindow === 0 ? 1 : Math.max(1, tokens / settings.matchWindow ** 2);
  const match = (MULTIPLY_ADD * (tokens - destinations) * destinations * channels) / windows;
  return moving + match / blocksPerMatch(config, settings, level) / settings.matchEvery;
}

/** How many blocks of a level one match serves, on average. */
function blocksPerMatch(config: UnetConfig, settings: MergeSettings, level: number): number {
  const blocks = selectBlocks(config, settings).filter((block) => block.level === level);
  const keys = new Set(blocks.map(({ name }) => matchKey(settings.matchScope, name, level)));
  return keys.size === 0 ? 1 : blocks.length / keys.size;
}
