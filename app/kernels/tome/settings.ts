import type { UnetConfig } from '../nets/configs.ts';
import { attentionBlocks, type AttentionBlock } from '../nets/unet-blocks.ts';
import type { PartitionKind } from './partition.ts';
import type { MergeModule, MergeSide } from './structure.ts';

/** What a request says of merging; the contract's MergingOptions fit it. */
export interface MergeSettings {
  readonly ratio: number;
  readonly ratioEnd?: number | undefined;
  readonly mode: 'merge' | 'prune' | 'downsample';
  readonly partition: PartitionKind;
  readonly sx: number;
  readonly sy: number;
  readonly maxDownsample: number;
  readonly blocks?: readonly string[] | undefined;
  readonly selfAttention: boolean;
  readonly crossAttention: boolean;
  readonly mlp: boolean;
  readonly sharePartition: boolean;
  readonly side: 'all' | 'sampled' | 'queries' | 'keys-values';
  readonly threshold?: number | undefined;
  readonly importance: number;
  readonly matchScope: 'block' | 'stage' | 'level';
  readonly matchEvery: number;
  readonly matchWindow: number;
  readonly leaveOutCostly: boolean;
}

/** The merging blocks of a request, by name or by how far their tokens are downsampled. */
export function selectBlocks(config: UnetConfig, settings: MergeSettings): AttentionBlock[] {
  const { blocks, maxDownsample } = settings;
  return attentionBlocks(config).filter((block) =>
    blocks === undefined ? 2 ** block.level <= maxDownsample : blocks.includes(block.name),
  );
}

/** The parts of a block that work on fewer tokens. Only self-attention has keys and values of the picture's tokens. */
export function mergingModules(settings: MergeSettings): MergeModule[] {
  const modules: MergeModule[] = [];
  if (settings.selfAttention) modules.push('self');
  if (sideOf(settings) === 'keys-values') return modules;
  if (settings.crossAttention) modules.push('cross');
  if (settings.mlp) modules.push('mlp');
  return modules;
}

/** A coarser grid is one of keys and values, whatever side was asked for. */
export function sideOf({ mode, side }: MergeSettings): MergeSide {
  return mode === 'downsample' ? 'keys-values' : side;
}
