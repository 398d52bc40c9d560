import { describe, expect, it } from 'vitest';
import { tomesdMerging } from '#contract/request.ts';
import { describeMerging } from './describe.ts';
import { planMerging } from './plan.ts';
import { tinyUnetConfig } from '#tests/unet-config.ts';

/** SD 1.5's widths: what is left out there is what an artist meets. */
const config = { ...tinyUnetConfig, blockOutChannels: [320, 640, 1280, 1280] };
const settings = { ...tomesdMerging, leaveOutCostly: true };
const step = { batch: 2, seed: 1, stepIndex: 0, stepCount: 20 };
const mergedAt = (px: number, some: Partial<typeof settings>) =>
  planMerging(config, { ...settings, ...some }, { ...step, latentH: px / 8, latentW: px / 8 }).levels.map(
    ({ merged }) => merged,
  );

describe('where merging would cost more than it saves', () => {
  it('it is left out, and the report says so', () => {
    expect(mergedAt(512, { ratio: 0.02 })).toEqual([0]);
    const { effectiveRatio, notes } = describeMerging(config, { ...settings, ratio: 0.02 }, 64, 64);
    expect(effectiveRatio).toBe(0);
    expect(notes).toEqual([{ code: 'merging-costly', grids: ['64×64'], asked: 0.02 }]);
  });

  it('asked for all the same, it is done', () => {
    expect(mergedAt(512, { ratio: 0.02, leaveOutCostly: false })).toEqual([81]);
    expect(describeMerging(config, { ...tomesdMerging, ratio: 0.02 }, 64, 64).notes).toEqual([]);
  });

  it('pays from a smaller share on where matching is shared or done within windows', () => {
    const least = (some: Partial<typeof settings>) =>
      [0.01, 0.02, 0.03, 0.05, 0.08, 0.12].find((ratio) => (mergedAt(512, { ...some, ratio })[0] ?? 0) > 0) ??
      1;
    const alone = least({ matchScope: 'block' });
    expect(least({ matchScope: 'level' })).toBeLessThan(alone);
    expect(least({ matchScope: 'block', matchWindow: 16 })).toBeLessThan(alone);
    expect(least({ matchScope: 'block', side: 'sampled' })).toBeLessThan(alone);
  });

  it.each([512, 768, 1024, 2048])(
    'is nothing to fear at half of the tokens of the largest grid: %i px',
    (px) => {
      expect(mergedAt(px, { ratio: 0.5 })).toEqual([(px / 8) ** 2 / 2]);
    },
  );
});
