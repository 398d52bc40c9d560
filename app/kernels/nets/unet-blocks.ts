import type { DownBlockType, UnetConfig, UpBlockType } from './configs.ts';

/** The U-Net's attention blocks in running order, and the level each one stands on. The one list of them. */
export interface AttentionBlock {
  /** As diffusers names it: `down_blocks.0.attentions.1`. */
  readonly name: string;
  /** 0 = the largest grid; tokens are 2^level times downsampled along each side. */
  readonly level: number;
}

const crossAttention: readonly (DownBlockType | UpBlockType)[] = [
  'CrossAttnDownBlock2D',
  'CrossAttnUpBlock2D',
];

export function hasAttention(type: DownBlockType | UpBlockType): boolean {
  return crossAttention.includes(type);
}

export function attentionBlocks(config: UnetConfig): AttentionBlock[] {
  const last = config.blockOutChannels.length - 1;
  const blocks: AttentionBlock[] = [];
  const list = (prefix: string, count: number, level: number) => {
    for (let j = 0; j < count; j++) blocks.push({ name: `${prefix}.attentions.${j}`, level });
  };
  config.downBlockTypes.forEach((type, i) => {
    if (hasAttention(type)) list(`down_blocks.${i}`, config.layersPerBlock, i);
  });
  list('mid_block', 1, last);
  config.upBlockTypes.forEach((type, i) => {
    if (hasAttention(type)) list(`up_blocks.${i}`, config.layersPerBlock + 1, last - i);
  });
  return blocks;
}

/** Height and width of every level's grid for latents of latentH × latentW: each level halves, rounding up. */
export function levelGrids(levelCount: number, latentH: number, latentW: number): { h: number; w: number }[] {
  const grids = [{ h: latentH, w: latentW }];
  for (let i = 1; i < levelCount; i++) {
    const above = grids[i - 1] ?? { h: 1, w: 1 };
    grids.push({ h: Math.ceil(above.h / 2), w: Math.ceil(above.w / 2) });
  }
  return grids;
}
