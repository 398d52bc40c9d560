import { describe, expect, it } from 'vitest';
import { tinyUnetConfig as config } from '#tests/unet-config.ts';
import { attentionBlocks, levelGrids } from './unet-blocks.ts';

describe('attentionBlocks', () => {
  it('lists the blocks of SD 1.5 in running order, with their levels', () => {
    expect(attentionBlocks(config).map(({ name, level }) => `${level} ${name}`)).toEqual([
      '0 down_blocks.0.attentions.0',
      '0 down_blocks.0.attentions.1',
      '1 down_blocks.1.attentions.0',
      '1 down_blocks.1.attentions.1',
      '2 down_blocks.2.attentions.0',
      '2 down_blocks.2.attentions.1',
      '3 mid_block.attentions.0',
      '2 up_blocks.1.attentions.0',
      '2 up_blocks.1.attentions.1',
      '2 up_blocks.1.attentions.2',
      '1 up_blocks.2.attentions.0',
      '1 up_blocks.2.attentions.1',
      '1 up_blocks.2.attentions.2',
      '0 up_blocks.3.attentions.0',
      '0 up_blocks.3.attentions.1',
      '0 up_blocks.3.attentions.2',
    ]);
  });

  it('follows the block types and the number of layers', () => {
    const small = {
      ...config,
      blockOutChannels: [32, 64],
      downBlockTypes: ['DownBlock2D', 'CrossAttnDownBlock2D'],
      upBlockTypes: ['UpBlock2D', 'UpBlock2D'],
      layersPerBlock: 1,
    } as const;
    expect(attentionBlocks(small)).toEqual([
      { name: 'down_blocks.1.attentions.0', level: 1 },
      { name: 'mid_block.attentions.0', level: 1 },
    ]);
  });
});

describe('levelGrids', () => {
  it('halves each level, rounding up', () => {
    expect(levelGrids(4, 13, 64)).toEqual([
      { h: 13, w: 64 },
      { h: 7, w: 32 },
      { h: 4, w: 16 },
      { h: 2, w: 8 },
    ]);
    expect(levelGrids(2, 1, 1)).toEqual([
      { h: 1, w: 1 },
      { h: 1, w: 1 },
    ]);
  });
});
