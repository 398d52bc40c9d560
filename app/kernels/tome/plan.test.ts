import { tomesdMatching } from './structure.ts';
import { describe, expect, it } from 'vitest';
import { tomesdMerging } from '#contract/request.ts';
import { tinyUnetConfig as config } from '#tests/unet-config.ts';
import { mergeStructure, planMerging, type StepInfo } from './plan.ts';
import { selectBlocks, type MergeSettings } from './settings.ts';

const settings = { ...tomesdMerging, ratio: 0.5 };
const step: StepInfo = { latentH: 16, latentW: 24, batch: 2, seed: 11, stepIndex: 3, stepCount: 10 };

const plan = (some: Partial<MergeSettings> = {}, other: Partial<StepInfo> = {}) =>
  planMerging(config, { ...settings, ...some }, { ...step, ...other });
/** Destinations of the first sample on the largest grid. */
const dstOf = (...given: Parameters<typeof plan>) => plan(...given).levels[0]?.partitions[0]?.dst;

describe('planMerging', () => {
  it('draws the same partitions for the same seed, step and level', () => {
    expect(plan({ maxDownsample: 8 })).toEqual(plan({ maxDownsample: 8 }));
  });

  it.each([
    ['seed', { seed: 12 }],
    ['seed above 32 bits', { seed: 11 + 2 ** 32 }],
    ['step', { stepIndex: 4 }],
  ])('draws others for another %s', (_, other) => {
    expect(dstOf({}, other)).toHaveLength(96);
    expect(dstOf({}, other)).not.toEqual(dstOf());
  });

  it('draws another one on another level of the same grid', () => {
    // Grids of 1 halve to 1, so that the levels differ in nothing but their number.
    const { levels } = plan(
      { maxDownsample: 8, partition: 'random', sx: 8, sy: 1 },
      { latentH: 1, latentW: 1, batch: 1 },
    );
    expect(levels.map(({ gridH, gridW }) => [gridH, gridW])).toEqual(Array(4).fill([1, 1]));
    const wide = plan({ maxDownsample: 2 }, { latentH: 2, latentW: 64 });
    const half = plan({ maxDownsample: 2 }, { latentH: 4, latentW: 128 });
    expect(wide.levels[0]?.gridW).toBe(half.levels[1]?.gridW);
    expect(wide.levels[0]?.partitions[0]?.dst).not.toEqual(half.levels[1]?.partitions[0]?.dst);
  });

  it('does not move the dice of a step by what other levels or settings draw', () => {
    const all = plan({ maxDownsample: 8 });
    const second = plan({ blocks: ['down_blocks.1.attentions.0'] });
    expect(second.levels).toEqual(all.levels.filter(({ level }) => level === 1));
    expect(dstOf({ ratio: 0.1, crossAttention: true })).toEqual(dstOf());
    expect(dstOf({}, { stepCount: 50 })).toEqual(dstOf());
  });

  it('gives the halves of guidance one partition, or one each when they do not share', () => {
    const [shared] = plan({}, { batch: 4 }).levels;
    expect(shared?.partitions).toHaveLength(4);
    for (const partition of shared?.partitions ?? []) expect(partition).toEqual(shared?.partitions[0]);
    const [own] = plan({ sharePartition: false }, { batch: 4 }).levels;
    const drawn = (own?.partitions ?? []).map(({ dst }) => dst.join());
    expect(new Set(drawn).size).toBe(4);
    expect(new Set(own?.partitions.map(({ dst }) => dst.length))).toEqual(new Set([96]));
    // The first sample is the same either way, and whatever the batch.
    expect(own?.partitions[0]).toEqual(shared?.partitions[0]);
    expect(dstOf({}, { batch: 1 })).toEqual(dstOf());
  });

  it('halves the grid from level to level, rounding up, and plans the levels that merge', () => {
    const { levels } = plan({ maxDownsample: 4 }, { latentH: 13, latentW: 17 });
    expect(levels.map(({ level, gridH, gridW }) => [level, gridH, gridW])).toEqual([
      [0, 13, 17],
      [1, 7, 9],
      [2, 4, 5],
    ]);
  });

  it('merges ⌊N·ratio⌋ tokens, and never more than there are sources', () => {
    const mergedAt = (ratio: number) => plan({ ratio }).levels[0]?.merged;
    expect([0, 0.1, 0.333, 0.5, 0.75, 0.9, 1].map(mergedAt)).toEqual([0, 38, 127, 192, 288, 288, 288]);
  });

  it('runs the ratio linearly to the end ratio', () => {
    const merged = Array.from(
      { length: 5 },
      (_, stepIndex) => plan({ ratio: 0.5, ratioEnd: 0.25 }, { stepIndex, stepCount: 5 }).levels[0]?.merged,
    );
    expect(merged).toEqual([192, 168, 144, 120, 96]);
    const off = plan({ ratio: 0.5, ratioEnd: 0 }, { stepIndex: 4, stepCount: 5 });
    expect(off.levels[0]?.merged).toBe(0);
  });

  it("goes on with an earlier step's partition and ratio between the steps that match", () => {
    const some = { ratio: 0.5, ratioEnd: 0, matchEvery: 3 };
    const at = (stepIndex: number) => plan(some, { stepIndex, stepCount: 7 });
    expect([0, 1, 2, 3, 4, 5, 6].map((step) => at(step).matches)).toEqual(
      [0, 1, 2, 3, 4, 5, 6].map((step) => step % 3 === 0),
    );
    expect(at(4).levels).toEqual(at(3).levels);
    expect(at(3).levels).not.toEqual(at(0).levels);
  });

  it('merges no source whose window has no destination', () => {
    // Cells of 4×4 have their one destination in the top left window of 2×2.
    const level = plan({ sx: 4, sy: 4, partition: 'cells-fixed', ratio: 1, matchWindow: 2 }).levels[0];
    expect(level?.merged).toBe((level?.partitions[0]?.dst.length ?? 0) * 3);
  });
});

describe('selectBlocks', () => {
  const names = (some: Partial<MergeSettings>) =>
    selectBlocks(config, { ...settings, ...some }).map(({ name }) => name);

  it('takes blocks by how far their tokens are downsampled', () => {
    expect(names({ maxDownsample: 1 })).toEqual([
      'down_blocks.0.attentions.0',
      'down_blocks.0.attentions.1',
      'up_blocks.3.attentions.0',
      'up_blocks.3.attentions.1',
      'up_blocks.3.attentions.2',
    ]);
    expect([1, 2, 4, 8].map((maxDownsample) => names({ maxDownsample }).length)).toEqual([5, 10, 15, 16]);
  });

  it('takes blocks by name instead, in running order', () => {
    const blocks = ['mid_block.attentions.0', 'down_blocks.1.attentions.0', 'nowhere'];
    expect(names({ blocks })).toEqual(['down_blocks.1.attentions.0', 'mid_block.attentions.0']);
  });
});

describe('mergeStructure', () => {
  it('names the mode, blocks and modules that the graph must hold', () => {
    expect(mergeStructure(config, { ...settings, blocks: ['mid_block.attentions.0'], mlp: true })).toEqual({
      mode: 'merge',
      blocks: ['mid_block.attentions.0'],
      modules: ['self', 'mlp'],
      ...tomesdMatching,
    });
    expect(
      mergeStructure(config, { ...settings, matchScope: 'level', matchEvery: 2, matchWindow: 8 }),
    ).toMatchObject({
      ...{ matchScope: 'level', carriesMatch: true, windowed: true },
    });
  });

  it.each([
    ['the ratio is 0 throughout', { ratio: 0 }],
    ['the ratio is 0 at both ends', { ratio: 0, ratioEnd: 0 }],
    ['no block is named', { blocks: [] }],
    ['no block has such a name', { blocks: ['nowhere'] }],
    ['no module is on', { selfAttention: false }],
  ])('is null when %s', (_, some) => {
    expect(mergeStructure(config, { ...settings, ...some })).toBeNull();
  });

  it('is there when only the end merges', () => {
    expect(mergeStructure(config, { ...settings, ratio: 0, ratioEnd: 0.5 })).not.toBeNull();
  });
});
