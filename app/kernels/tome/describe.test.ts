import { describe, expect, it } from 'vitest';
import { tomesdMerging } from '#contract/request.ts';
import { tinyUnetConfig as config } from '#tests/unet-config.ts';
import { describeMerging } from './describe.ts';
import { planMerging } from './plan.ts';
import type { MergeSettings } from './settings.ts';

const settings = { ...tomesdMerging, ratio: 0.5 };
const report = (some: Partial<MergeSettings>, latentH = 16, latentW = 16) =>
  describeMerging(config, { ...settings, ...some }, latentH, latentW);

describe('describeMerging', () => {
  it('lists every merging block with its tokens before and after', () => {
    const { blocks, notes } = report({ ratio: 0.5, ratioEnd: 0.25, maxDownsample: 2 });
    expect(blocks).toHaveLength(10);
    expect(blocks[0]).toEqual({
      block: 'down_blocks.0.attentions.0',
      downsample: 1,
      gridH: 16,
      gridW: 16,
      tokens: 256,
      leftAtStart: 128,
      leftAtEnd: 192,
    });
    expect(blocks.find(({ block }) => block === 'down_blocks.1.attentions.1')).toMatchObject({
      downsample: 2,
      tokens: 64,
      leftAtStart: 32,
    });
    expect(notes).toEqual([]);
  });

  it('reports the effective ratio of both ends', () => {
    expect(report({ ratio: 0.5, ratioEnd: 0.25 })).toMatchObject({
      effectiveRatio: 0.5,
      effectiveRatioEnd: 0.25,
      maxRatio: 0.75,
    });
    expect(report({ ratio: 0.5 }).effectiveRatioEnd).toBe(0.5);
  });

  it.each([
    [2, 2, 0.9, { code: 'merging-capped', asked: 0.9, most: 0.75 }],
    [2, 1, 0.6, { code: 'merging-capped', asked: 0.6, most: 0.5 }],
    [4, 4, 1, { code: 'merging-capped', asked: 1, most: 0.9375 }],
    [1, 1, 0.5, { code: 'merging-no-destination' }],
  ])('says what %i×%i cells make of too much', (sx, sy, ratio, note) => {
    const described = report({ sx, sy, ratio });
    expect(described.effectiveRatio).toBe(1 - 1 / (sx * sy));
    expect(described.notes).toEqual([note]);
  });

  it('agrees with the plan, whatever the kind and size', () => {
    const ways = (['cells-random', 'cells-fixed', 'columns', 'random'] as const).map((partition) => ({
      partition,
    }));
    for (const way of [...ways, { mode: 'downsample' } as const]) {
      for (const [latentH, latentW] of [
        [16, 16],
        [13, 17],
        [1, 5],
      ] as const) {
        const some = { ...settings, ...way, ratio: 0.6, maxDownsample: 8, sx: 3, sy: 2 };
        const { levels } = planMerging(config, some, {
          ...{ latentH, latentW, batch: 1, seed: 5 },
          ...{ stepIndex: 0, stepCount: 1 },
        });
        for (const block of describeMerging(config, some, latentH, latentW).blocks) {
          const level = levels.find((one) => 2 ** one.level === block.downsample);
          expect(block.leftAtStart).toBe(block.gridH * block.gridW - (level?.merged ?? NaN));
        }
      }
    }
  });

  it.each([
    ['no part of a block is on', { selfAttention: false }, { code: 'merging-all-off' }],
    ['no block is named', { blocks: [] }, { code: 'merging-no-named-block' }],
    [
      'the cell is larger than every grid',
      { sx: 16, sy: 16, maxDownsample: 8 },
      { code: 'merging-no-destination' },
    ],
    [
      'the ratio is less than one token',
      { ratio: 0.015 },
      { code: 'merging-less-than-one', asked: 0.015, tokens: 64 },
    ],
  ])('says so when nothing would be merged: %s', (_, some, note) => {
    const described = report(some, 8, 8);
    expect(described.notes).toEqual([note]);
    expect([described.effectiveRatio, described.effectiveRatioEnd]).toEqual([0, 0]);
  });

  it('says so when the model has no attention at that resolution', () => {
    const shallow = {
      ...config,
      downBlockTypes: ['DownBlock2D', ...config.downBlockTypes.slice(1)],
      upBlockTypes: [...config.upBlockTypes.slice(0, -1), 'UpBlock2D'],
    } as const;
    expect(describeMerging(shallow, settings, 16, 16).notes).toEqual([
      { code: 'merging-no-attention', maxDownsample: 1 },
    ]);
  });

  it('names blocks that the model does not have, and those that it has', () => {
    const { notes, blocks } = report({ blocks: ['up_blocks.0.attentions.0', 'mid_block.attentions.0'] });
    expect(blocks.map(({ block }) => block)).toEqual(['mid_block.attentions.0']);
    const known = expect.arrayContaining([
      'down_blocks.0.attentions.0',
      'mid_block.attentions.0',
    ]) as string[];
    expect(notes).toEqual([{ code: 'merging-unknown-blocks', unknown: ['up_blocks.0.attentions.0'], known }]);
    const nothing = report({ blocks: ['nowhere'] }).notes;
    expect(nothing.map(({ code }) => code)).toEqual(['merging-unknown-blocks', 'merging-no-named-block']);
  });

  it('says which of its options have nothing to work on', () => {
    expect(report({ side: 'keys-values', mlp: true }).notes).toEqual([{ code: 'merging-text-keys' }]);
    expect(report({ side: 'queries', mlp: true }).notes).toEqual([]);
    expect(report({ side: 'keys-values', selfAttention: false, mlp: true })).toMatchObject({
      effectiveRatio: 0,
      notes: [{ code: 'merging-no-keys-values' }],
    });
    expect(report({ mode: 'downsample', side: 'queries', threshold: 0.8, importance: 1 }).notes).toEqual([
      { code: 'merging-idle', options: ['side', 'threshold', 'importance'] },
    ]);
  });

  it('reports what a coarser grid really leaves out', () => {
    expect(report({ mode: 'downsample', ratio: 0.75 })).toMatchObject({ effectiveRatio: 0.75, notes: [] });
    expect(report({ mode: 'downsample', ratio: 0.6, ratioEnd: 0 })).toMatchObject({
      effectiveRatio: 0.5,
      effectiveRatioEnd: 0,
      notes: [{ code: 'merging-in-steps', asked: [0.6, 0], given: [0.5, 0] }],
    });
    expect(report({ mode: 'downsample', ratio: 0.2 }).notes).toEqual([
      { code: 'merging-nearer-whole', asked: 0.2 },
    ]);
    const odd = report({ mode: 'downsample', ratio: 0.75 }, 13, 17);
    expect(odd.blocks[0]).toMatchObject({ tokens: 221, leftAtStart: 48 });
    expect(odd.effectiveRatio).toBeCloseTo(1 - 48 / 221, 12);
    expect(odd.notes).toHaveLength(1);
    expect(report({ mode: 'downsample' }, 1, 1).notes).toEqual([{ code: 'merging-no-coarser-grid' }]);
  });

  it('has nothing to say when merging is off', () => {
    expect(report({ ratio: 0, selfAttention: false }).notes).toEqual([]);
  });
});
