import type { UnetConfig } from '../nets/configs.ts';
import { levelGrids } from '../nets/unet-blocks.ts';
import { choosePartition, type Partition } from './partition.ts';
import { coarsePartition } from './coarse.ts';
import { mergeable } from './dealing.ts';
import { levelImportance } from './importance.ts';
import { mergingModules, selectBlocks, sideOf, type MergeSettings } from './settings.ts';
import { tomesdMatching, type MergeStructure } from './structure.ts';
import { createRandom, partitionWords } from './random.ts';
import { mergedCount, ratioAtStep } from './ratio.ts';
import { leftOut } from './worth.ts';

/** One level's part in one step. */
export interface LevelPlan {
  readonly level: number;
  readonly gridH: number;
  readonly gridW: number;
  /** Side of the windows that tokens are matched within; 0: the whole grid. */
  readonly window: number;
  /** One partition a sample; with sharing they are the same. */
  readonly partitions: readonly Partition[];
  /** Added to a token's likeness: what keeps an important one from going. */
  readonly bias?: Float32Array;
  /** With one, only tokens of at least this likeness go, and `merged` is the most that may. */
  readonly threshold?: number;
  /** r; 0 runs the level's blocks without merging work. */
  readonly merged: number;
}

export interface MergePlan {
  readonly batch: number;
  /** False: this step goes on with the match of an earlier one, which had the same partition and r. */
  readonly matches: boolean;
  readonly levels: readonly LevelPlan[];
}

/** What the graph must hold for a request, or null when none of it merges. */
export function mergeStructure(config: UnetConfig, settings: MergeSettings): MergeStructure | null {
  const { mode } = settings;
  const modules = mergingModules(settings);
  const blocks = selectBlocks(config, settings).map((block) => block.name);
  const wanted = settings.ratio > 0 || (settings.ratioEnd ?? 0) > 0;
  if (!wanted || blocks.length === 0 || modules.length === 0) return null;
  if (mode === 'downsample') return { mode, blocks, modules, ...tomesdMatching, side: sideOf(settings) };
  return {
    ...{ mode, blocks, modules, side: sideOf(settings), matchScope: settings.matchScope },
    carriesMatch: settings.matchEvery > 1,
    windowed: settings.matchWindow > 0,
    thresholded: settings.threshold !== undefined,
  };
}

export interface StepInfo {
  readonly latentH: number;
  readonly latentW: number;
  readonly batch: number;
  readonly seed: number;
  readonly stepIndex: number;
  readonly stepCount: number;
  /** What guidance changed before the match of this step: see importance.ts. */
  readonly difference?: Float32Array | undefined;
}

/**
 * Draws the partitions of one step and counts what is merged. Randomness belongs to (seed, step, level) alone.
 * A step that goes on with an earlier match has that step's partition and ratio too.
 */
export function planMerging(config: UnetConfig, settings: MergeSettings, step: StepInfo): MergePlan {
  const every = settings.mode === 'downsample' ? 1 : settings.matchEvery;
  const stepIndex = step.stepIndex - (step.stepIndex % every);
  const ratio = ratioAtStep(settings.ratio, settings.ratioEnd ?? settings.ratio, stepIndex, step.stepCount);
  const grids = levelGrids(config.blockOutChannels.length, step.latentH, step.latentW);
  const used = new Set(selectBlocks(config, settings).map((block) => block.level));
  const levels = [...used]
    .sort((a, b) => a - b)
    .map((level): LevelPlan => {
      const { h: gridH, w: gridW } = grids[level] ?? { h: 0, w: 0 };
      const grid = { level, gridH, gridW, window: settings.matchWindow };
      const plan =
        settings.mode === 'downsample'
          ? coarseLevel(grid, step.batch, ratio)
          : matchedLevel(grid, settings, { ...step, stepIndex }, ratio);
      const { merged, partitions } = plan;
      const destinations = partitions[0]?.dst.length ?? 0;
      const work = { level, tokens: gridH * gridW, destinations, merged };
      return leftOut(config, settings, work) ? { ...plan, merged: 0 } : plan;
    });
  return { batch: step.batch, matches: stepIndex === step.stepIndex, levels };
}

type LevelGrid = Pick<LevelPlan, 'level' | 'gridH' | 'gridW' | 'window'>;

function matchedLevel(grid: LevelGrid, settings: MergeSettings, step: StepInfo, ratio: number): LevelPlan {
  const { level, gridH, gridW } = grid;
  const { partition: kind, sx, sy, sharePartition, threshold } = settings;
  const importance =
    step.difference === undefined || settings.importance === 0
      ? undefined
      : levelImportance(step.difference, step, level);
  const draw = (sample: number) => {
    const random = createRandom(partitionWords(step.seed, step.stepIndex, level, sample));
    return choosePartition(gridH, gridW, { kind, sx, sy, importance }, random);
  };
  const shared = draw(0);
  const partitions = Array.from({ length: step.batch }, (_, b) =>
    b === 0 || sharePartition ? shared : draw(b),
  );
  // Every sample of a batch keeps the same number of tokens; the kinds all choose as many destinations.
  const most = Math.min(...[...new Set(partitions)].map((partition) => mergeable(grid, partition)));
  return {
    ...{ ...grid, partitions, merged: mergedCount(gridH * gridW, most, ratio) },
    ...(importance === undefined ? {} : { bias: importance.map((value) => -settings.importance * value) }),
    ...(threshold === undefined ? {} : { threshold }),
  };
}

/** What a coarser grid leaves out counts as merged. */
function coarseLevel(grid: LevelGrid, batch: number, ratio: number): LevelPlan {
  const partition = coarsePartition(grid.gridH, grid.gridW, ratio);
  return {
    ...{ ...grid, window: 0, merged: partition.src.length },
    partitions: Array<Partition>(batch).fill(partition),
  };
}
