import { describe, expect, it } from 'vitest';
import { noMerging } from '#contract/request.ts';
import { tinyUnetConfig } from '#tests/unet-config.ts';
import { dealingFor, dealOut } from './dealing.ts';
import { guidanceDifference, levelImportance } from './importance.ts';
import { choosePartition } from './partition.ts';
import { planMerging } from './plan.ts';

describe('importance', () => {
  it('is what guidance changed at each position over all channels, the largest 1', () => {
    // Two channels of 1×3 positions: negative, then positive.
    const output = Float32Array.of(0, 1, 2, 0, 0, 0, /* */ 1, 1, 0, 1, 0, 2);
    expect([...guidanceDifference(output, 3)]).toEqual([0.5, 0, 1]);
    expect([...guidanceDifference(new Float32Array(12), 3)]).toEqual([0, 0, 0]);
  });

  it('is averaged over what a token of a deeper level stands for, odd edges too', () => {
    const difference = Float32Array.of(1, 3, 5, 5, 7, 9);
    expect([...levelImportance(difference, { latentH: 2, latentW: 3 }, 1)]).toEqual([4, 7]);
    expect(levelImportance(difference, { latentH: 2, latentW: 3 }, 0)).toBe(difference);
  });

  it('makes the most important token of each cell the destination', () => {
    const importance = Float32Array.of(0, 0, 0, 0, 0, 1, 0, 0.5);
    const options = { kind: 'cells-random', sx: 2, sy: 2, importance } as const;
    const { dst } = choosePartition(2, 4, options, () => 0.99);
    expect([...dst]).toEqual([5, 7]);
    // Without cells there is no most important one.
    const columns = choosePartition(2, 4, { ...options, kind: 'columns' }, () => 0);
    expect([...columns.dst]).toEqual([0, 2, 4, 6]);
  });

  it('lowers the likeness of important sources by its weight, from the second step on', () => {
    const settings = { ...noMerging, ratio: 0.5, importance: 0.5 };
    const difference = Float32Array.from({ length: 64 }, (_, i) => (i === 9 || i === 10 ? 1 : 0));
    const step = { latentH: 8, latentW: 8, batch: 2, seed: 1, stepIndex: 3, stepCount: 9 };
    const [level] = planMerging(tinyUnetConfig, settings, { ...step, difference }).levels;
    if (level === undefined) throw new Error('There is no level.');
    expect(level.partitions[0]?.dst).toContain(9);
    const { samples } = dealOut(level, dealingFor('host'));
    const biasOf = (token: number) => samples[0]?.bias[samples[0].sources.indexOf(token)];
    expect([biasOf(0), biasOf(1)]).toEqual([-0, -0]);
    expect(level.bias?.[10]).toBe(-0.5);
    const first = planMerging(tinyUnetConfig, settings, step).levels[0];
    expect(first?.bias).toBeUndefined();
  });
});
