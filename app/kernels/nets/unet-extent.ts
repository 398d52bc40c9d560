import { KernelError } from '../errors.ts';
import type { UnetConfig } from './configs.ts';
import { attentionBlocks, type AttentionBlock } from './unet-blocks.ts';

/**
 * How much of the U-Net a graph holds. Step caching runs the whole at some steps and keeps the feature that came up from
 * the deep; between them it runs only what is shallower than a branch, on that feature.
 * Source: Ma et al. 2023 (DeepCache), arXiv 2312.00858; horseee/DeepCache@1691a3a, cache_branch_id with two layers a block.
 */
export type UnetExtent =
  /** With a branch, the feature that enters it leaves the graph too. */
  | { readonly part: 'whole'; readonly branch?: number }
  /** Branch b: the last b + 1 layers of the up path, and what of the down path makes their skip connections. */
  | { readonly part: 'shallow'; readonly branch: number };

export const wholeUnet: UnetExtent = { part: 'whole' };

/** Layers of the up path, each with a skip connection of its own; branches are numbered from its end. */
export function upLayerCount(config: UnetConfig): number {
  return config.upBlockTypes.length * layersPerUpBlock(config);
}

export function layersPerUpBlock(config: UnetConfig): number {
  return config.layersPerBlock + 1;
}

/** The up layer that a branch begins with, and the picture that enters it. */
export function branchEntry(
  config: UnetConfig,
  branch: number,
): { readonly index: number; readonly level: number; readonly channels: number } {
  const count = upLayerCount(config);
  if (!Number.isInteger(branch) || branch < 0 || branch >= count)
    throw new KernelError(
      'KERNEL_CONFIG',
      `This U-Net has no step cache branch ${branch}; allowed: 0 to ${count - 1}, the layers of its up path from the last one on.`,
    );
  const index = count - 1 - branch;
  const level = Math.floor(branch / layersPerUpBlock(config));
  // The first layer of a block gets what the block below, or the middle, gave.
  const isFirst = index % layersPerUpBlock(config) === 0;
  const from = isFirst ? Math.min(level + 1, config.blockOutChannels.length - 1) : level;
  return { index, level, channels: config.blockOutChannels[from] ?? 0 };
}

/** Levels whose grids the graph reads. */
export function levelCount(config: UnetConfig, extent: UnetExtent): number {
  return extent.part === 'whole'
    ? config.blockOutChannels.length
    : branchEntry(config, extent.branch).level + 1;
}

/** The attention blocks that the graph holds, in running order. */
export function attentionBlocksWithin(config: UnetConfig, extent: UnetExtent): AttentionBlock[] {
  const all = attentionBlocks(config);
  if (extent.part === 'whole') return all;
  const { index } = branchEntry(config, extent.branch);
  const per = layersPerUpBlock(config);
  return all.filter(({ name }) => {
    const [path = '', block, , layer] = name.split('.');
    // A down layer's skip connection is its number in the down path; the convolution before them all has number 0.
    if (path === 'down_blocks') return Number(block) * per + Number(layer) + 1 <= extent.branch;
    return path === 'up_blocks' && Number(block) * per + Number(layer) >= index;
  });
}
