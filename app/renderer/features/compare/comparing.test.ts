import { describe, expect, it } from 'vitest';
import { noMerging, type GenerationRequest } from '#contract/request.ts';
import type { Candidate } from '#contract/runtime.ts';
import type { Generation } from '#contract/studio/generation.ts';
import type { Statistic } from '#contract/studio/history.ts';
import type { Preset } from '#contract/studio/presets.ts';
import { oneForEach } from './one-for-each.ts';
import { estimateTime, totalTime } from './estimate.ts';
import { figuresOf, toneOf } from './figures.ts';
import { candidatesOf, setIds } from './sets.ts';
import { differingFields, foreignFields, settingKey } from './settings.ts';

const request: GenerationRequest = {
  prompt: 'a red sun',
  negativePrompt: '',
  widthPx: 256,
  heightPx: 256,
  steps: 20,
  scheduler: 'dpmpp_2m',
  guidanceScale: 7,
  seed: 5,
  count: 1,
  merging: noMerging,
};
const half = { ...noMerging, ratio: 0.5 };

function generation(changes: Partial<GenerationRequest> = {}, more: Partial<Generation> = {}): Generation {
  return {
    id: crypto.randomUUID(),
    batchId: crypto.randomUUID(),
    state: 'done',
    failure: null,
    attempts: 1,
    createdAt: 1,
    startedAt: 1,
    finishedAt: 2,
    request: { ...request, ...changes },
    model: { id: 'demo', name: 'Demo', hash: null },
    provider: 'cpu',
    merging: null,
    figures: null,
    memory: [],
    picture: { widthPx: 256, heightPx: 256, sizeBytes: 9 },
    hasMaps: false,
    quality: null,
    favourite: false,
    tags: [],
    notes: '',
    deletedAt: null,
    ...more,
  };
}
const unet = { part: 'unet', provider: 'cpu', index: 0, device: 'Ryzen', precision: 'f32' } as const;
const { part: _part, ...place } = unet;
const timed = (totalMs: number, made: Partial<Candidate> = {}) => ({
  figures: {
    runtime: { parts: [{ ...unet, ...made }], notices: [] },
    tokeniseMs: 0,
    textMs: 0,
    stepsMs: [totalMs / 4, totalMs / 4],
    decodeMs: 0,
    decodeTiles: 1,
    totalMs,
    loadMs: 0,
  },
});

describe('the sets', () => {
  const presets: Preset[] = [
    { id: 'exact', name: null, changes: { merging: noMerging, stepsFactor: 1 }, figures: null },
    {
      id: 'draft',
      name: null,
      changes: { merging: { ...noMerging, ratio: 0.75 }, stepsFactor: 0.5 },
      figures: null,
    },
  ];

  it('each hold the unmerged picture, and no setting twice', () => {
    for (const set of setIds) {
      const keys = candidatesOf(set, { ...request, merging: half }, presets).map(({ key }) => key);
      expect(keys).toContain(settingKey(request));
      expect(new Set(keys).size).toBe(keys.length);
    }
  });

  it('vary one thing of the picture and keep the rest', () => {
    const own = { ...half, mode: 'prune' as const, ratioEnd: 0.1, maxDownsample: 2 as const };
    const ratios = candidatesOf('ratios', { ...request, merging: { ...own, ratio: 0.4 } }, presets);
    expect(ratios.map(({ setting }) => setting.merging.ratio)).toEqual([0, 0.25, 0.4, 0.5, 0.6, 0.75]);
    expect(ratios.slice(1).every(({ setting: { merging } }) => merging.mode === 'prune')).toBe(true);
    expect(ratios.some(({ setting: { merging } }) => 'ratioEnd' in merging)).toBe(false);
    expect(candidatesOf('partitions', request, presets)).toHaveLength(5);
    expect(candidatesOf('depths', request, presets).map(({ setting }) => setting.merging.ratio)).toEqual([
      0, 0.5, 0.5, 0.5, 0.5,
    ]);
  });

  it('count the steps of a preset as the studio does', () => {
    const steps = candidatesOf('presets', { ...request, steps: 7 }, presets).map(
      ({ setting }) => setting.steps,
    );
    expect(steps).toEqual([7, 4]);
  });
});

describe('the time that a variant will take', () => {
  const at = { modelId: 'demo', widthPx: 256, heightPx: 256, place };
  const statistic: Statistic = {
    ...{ modelId: 'demo', widthPx: 256, heightPx: 256 },
    modelName: 'Demo',
    steps: 20,
    scheduler: 'dpmpp_2m',
    provider: 'cpu',
    device: 'Ryzen',
    precision: 'f32',
    ratio: 0.5,
    merging: half,
    effectiveRatio: 0.5,
    pictures: 3,
    totalMs: 5000,
    totalSpreadMs: null,
    stepMs: 200,
    stepSpreadMs: null,
    peakBytes: null,
    peakSpreadBytes: null,
    peakSource: null,
    psnrDb: null,
    ssim: null,
    latestAt: 1,
  };
  const setting = { merging: half, steps: 20, scheduler: 'dpmpp_2m' } as const;

  it('is the measured one of the same setting', () => {
    expect(estimateTime([statistic], at, setting)).toEqual({ ms: 5000, kind: 'measured', pictures: 3 });
  });

  it('is estimated from other steps, and says so', () => {
    expect(estimateTime([statistic], at, { ...setting, steps: 10 })).toMatchObject({
      ms: 3000,
      kind: 'estimated',
    });
    const heun = { ...statistic, scheduler: 'heun' };
    expect(estimateTime([heun], at, { ...setting, scheduler: 'heun', steps: 10 })?.ms).toBe(1000);
  });

  it('is unknown for another size, place, scheduler or merging', () => {
    for (const other of [{ precision: 'int8' as const }, { device: 'EPYC' }, { provider: 'webgpu' as const }])
      expect(estimateTime([statistic], { ...at, place: { ...place, ...other } }, setting)).toBeUndefined();
    expect(estimateTime([statistic], { ...at, place: null }, setting)).toBeUndefined();
    expect(estimateTime([statistic], { ...at, widthPx: 512 }, setting)).toBeUndefined();
    expect(estimateTime([statistic], at, { ...setting, scheduler: 'euler' })).toBeUndefined();
    expect(estimateTime([statistic], at, { ...setting, merging: noMerging })).toBeUndefined();
    expect(totalTime([undefined, { ms: 4, kind: 'measured', pictures: 1 }])).toEqual({ ms: 4, unknown: 1 });
  });
});

describe('the figures of a picture', () => {
  const plain = generation({}, timed(6000));
  const merged = generation({ merging: half }, timed(3000));

  it('say how much faster than the unmerged one it was, and steps a second', () => {
    expect(figuresOf(merged, plain)).toMatchObject({ totalMs: 3000, speedup: 2 });
    expect(figuresOf(merged, plain).stepsPerSecond).toBeCloseTo(2000 / 1500);
  });

  it('are unknown, never nought, where nothing was measured', () => {
    expect(figuresOf(generation(), plain)).toEqual({
      totalMs: null,
      stepsPerSecond: null,
      speedup: null,
      memory: null,
      effectiveRatio: null,
    });
    expect(figuresOf(plain, plain).speedup).toBeNull();
  });

  it('divide no times of different devices, precisions, seeds or sizes', () => {
    const { figures } = timed(3000);
    const moved = { figures: { ...figures, runtime: { ...figures.runtime, moved: true as const } } };
    for (const other of [
      generation({ merging: half }, timed(3000, { provider: 'webgpu' })),
      generation({ merging: half }, timed(3000, { device: 'EPYC' })),
      generation({ merging: half }, timed(3000, { precision: 'int8' })),
      generation({ merging: half }, moved),
      generation({ merging: half, seed: 6 }, timed(3000)),
      generation({ merging: half, widthPx: 512 }, timed(3000)),
    ])
      expect(figuresOf(other, plain).speedup).toBeNull();
  });

  it('are called better or worse only beyond what one measurement varies by', () => {
    expect([2, 1.01, 0.99, 0.8, null].map(toneOf)).toEqual(['good', 'plain', 'plain', 'loss', 'plain']);
  });
});

describe('two pictures', () => {
  it('differ in what was asked for, and only some of it is the setting', () => {
    const a = generation();
    const b = generation({ merging: half, seed: 6, steps: 10 });
    expect(differingFields(a, b)).toEqual(['seed', 'steps', 'merging']);
    expect(foreignFields(a, b)).toEqual(['seed']);
    // Without merging its other options are idle.
    expect(differingFields(a, generation({ merging: { ...noMerging, sx: 4 } }))).toEqual([]);
  });
});

describe('of pictures with equal settings', () => {
  it('the first of the comparison is shown, else one that can be seen, else the newest', () => {
    const root = generation();
    const again = generation();
    const gone = generation({ merging: half }, { picture: null });
    const seen = generation({ merging: half });
    const waiting = generation({ merging: half }, { picture: null, state: 'queued' });
    const keyOf = (each: Generation) => settingKey(each.request);
    const one = oneForEach([root, again, seen, gone, waiting], root.id, keyOf);
    expect([...one.values()].map(({ id }) => id)).toEqual([root.id, seen.id]);
    expect([...oneForEach([gone, waiting], root.id, keyOf).values()]).toEqual([waiting]);
  });
});
