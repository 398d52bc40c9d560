import { describe, expect, it } from 'vitest';
import { noMerging, type MergingOptions } from '#contract/request.ts';
import type { Statistic } from '#contract/studio/history.ts';
import { coverageOf, rungs } from './coverage.ts';
import { exportRows, toCsv, toJson } from './export-table.ts';
import { columnsOf, gainTone, largestValue, panelsOf, select, settle, speedupOf } from './lab-data.ts';

function statistic(merging: Partial<MergingOptions>, more: Partial<Statistic> = {}): Statistic {
  const whole = { ...noMerging, ...merging };
  return {
    modelId: 'demo',
    modelName: 'Demo',
    widthPx: 256,
    heightPx: 256,
    steps: 20,
    scheduler: 'euler',
    provider: 'cpu',
    device: 'Ryzen',
    precision: 'f32',
    ratio: whole.ratio,
    merging: whole,
    effectiveRatio: whole.ratio,
    pictures: 2,
    totalMs: 4000,
    totalSpreadMs: { low: 3500, high: 5000 },
    stepMs: 200,
    stepSpreadMs: null,
    peakBytes: 300e6,
    peakSpreadBytes: null,
    peakSource: 'VmHWM',
    psnrDb: null,
    ssim: null,
    latestAt: 0,
    ...more,
  };
}
const plain = statistic({});
const half = statistic({ ratio: 0.5 }, { stepMs: 100, totalMs: 2000, psnrDb: 30 });
const most = statistic({ ratio: 0.75 }, { stepMs: 80, totalMs: 1500 });
const deep = statistic({ ratio: 0.5, maxDownsample: 2 }, { stepMs: 90 });

describe('the gain', () => {
  it('is told against the unmerged one of the same model, size, steps, provider, device and precision', () => {
    expect(speedupOf(half, [plain, half])).toBe(2);
    for (const other of [
      { provider: 'webgpu' },
      { device: 'EPYC' },
      { precision: 'int8' as const },
      { widthPx: 512 },
      { steps: 10 },
      { modelId: 'other' },
    ])
      expect(speedupOf(half, [{ ...plain, ...other }, half])).toBeNull();
  });
});

describe('better and worse', () => {
  const spread = (low: number, high: number) => ({ stepSpreadMs: { low, high } });

  it('are told only where the middle halves lie apart', () => {
    const all = [{ ...plain, ...spread(190, 210) }];
    expect(gainTone({ ...half, ...spread(90, 110) }, all)).toBe('good');
    expect(gainTone({ ...half, ...spread(90, 195) }, all)).toBe('plain');
    expect(gainTone({ ...half, stepMs: 300, ...spread(250, 320) }, all)).toBe('loss');
    expect(gainTone({ ...half, stepMs: 300, ...spread(200, 400) }, all)).toBe('plain');
    expect(gainTone(half, [])).toBe('plain');
  });
});

describe('the panels', () => {
  const large = { ...plain, widthPx: 512, heightPx: 512 };

  it('are one a size, small first, with a line for each way of merging that begins at the unmerged one', () => {
    const panels = panelsOf([large, deep, most, plain, half], 'time');
    expect(panels.map(({ size }) => size)).toEqual(['256 × 256', '512 × 512']);
    const [usual, deeper] = panels[0]?.lines ?? [];
    expect(usual?.points.map(({ statistic: { ratio } }) => ratio)).toEqual([0, 0.5, 0.75]);
    expect(deeper?.points.map(({ value }) => value)).toEqual([4, 4]);
    expect(panels[1]?.lines[0]?.points).toHaveLength(1);
    expect(largestValue(panels)).toBe(5);
  });

  it('leave out what was not measured', () => {
    const [panel] = panelsOf([plain, half, most], 'likeness');
    expect(panel?.lines[0]?.points.map(({ value }) => value)).toEqual([30]);
    const [speed] = panelsOf([half, most], 'speedup');
    expect(speed?.lines[0]?.points).toEqual([]);
  });

  it('are columns over all ratios for the plot', () => {
    const [panel] = panelsOf([plain, half, most, deep], 'time');
    expect(columnsOf(panel?.lines ?? [])).toEqual([
      [0, 0.5, 0.75],
      [4, 2, 1.5],
      [4, 4, null],
    ]);
  });
});

describe('the choice', () => {
  const few = statistic({}, { steps: 4, pictures: 1 });

  it('is what was measured most until something is chosen', () => {
    const none = { modelId: null, size: null, setting: null, place: null };
    expect(settle(none, [few, plain])).toEqual({ ...none, setting: '20 euler', place: 'cpu f32 Ryzen' });
    const chosen = { ...none, setting: '4 euler' };
    expect(select([few, plain], settle(chosen, [few, plain]))).toEqual([few]);
    expect(settle({ ...chosen, modelId: 'gone' }, [plain]).setting).toBe('20 euler');
  });
});

describe('what is missing', () => {
  const model = {
    id: 'demo',
    defaults: { widthPx: 256, heightPx: 256, steps: 20, guidanceScale: 7, scheduler: 'euler' },
  } as const;

  it('is told for the default size, the measured ones and the one in the form', () => {
    const rows = coverageOf(
      model,
      [plain, half, deep, statistic({ ratio: 0.25 }, { steps: 4 })],
      [{ widthPx: 512, heightPx: 256 }],
    );
    expect(rows.map(({ widthPx }) => widthPx)).toEqual([256, 512]);
    expect(rows[0]).toMatchObject({ pictures: [2, 0, 2, 0, 0], missing: [0.25, 0.6, 0.75] });
    expect(rows[1]?.missing).toEqual([...rungs]);
  });
});

describe('the table', () => {
  it('leaves unknown fields empty, and quotes what needs it', () => {
    const odd = { ...half, modelName: 'My "best", model', provider: null };
    const [head, first, second] = toCsv(exportRows([plain, odd], [plain, odd])).split('\r\n');
    expect(head?.split(',')).toHaveLength(35);
    expect(first).toContain('Demo,demo,256,256,20,euler,cpu,Ryzen,f32,0,,merge,cells-random');
    expect(first).toContain(',1,300000000,VmHWM,,,1970-01-01T00:00:00.000Z');
    expect(second?.startsWith('"My ""best"", model",demo,')).toBe(true);
    const [row] = JSON.parse(toJson(exportRows([odd], [plain]))) as Record<string, unknown>[];
    expect(row).toMatchObject({ provider: null, speedup: null, psnr_db_median: 30 });
  });
});
