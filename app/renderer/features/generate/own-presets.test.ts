import { describe, expect, it } from 'vitest';
import { noMerging } from '#contract/request.ts';
import type { Draft } from '#contract/studio/draft.ts';
import type { ModelEntry } from '#contract/studio/models.ts';
import type { Preset } from '#contract/studio/presets.ts';
import { presetInUse, presetOf } from './own-presets.ts';

const draft: Draft = {
  ...{ prompt: '', negativePrompt: '', modelId: 'demo', presetId: null, widthPx: 256, heightPx: 256 },
  ...{ steps: 20, scheduler: 'dpmpp_2m', guidanceScale: 3, seed: null, count: 1, merging: noMerging },
};
const model: ModelEntry = {
  ...{ id: 'demo', name: 'Demo', fileName: 'demo', folder: '', embedded: true, state: 'ready' },
  ...{ failure: null, hidden: false, layout: null, kind: null, sizeBytes: null, parameterCount: null },
  ...{ precision: null, memory: null, stepCacheBranches: 12, vocabulary: null },
  defaults: { widthPx: 256, heightPx: 256, steps: 20, guidanceScale: 3, scheduler: 'dpmpp_2m' },
};
const half: Preset = {
  id: 'balanced',
  name: null,
  changes: { merging: { ...noMerging, ratio: 0.5 }, stepsFactor: 1 },
  figures: null,
};

describe('presetOf', () => {
  it('keeps the steps in proportion to the model, within what a preset may hold', () => {
    expect(presetOf({ ...draft, steps: 10 }, model)).toEqual({ merging: noMerging, stepsFactor: 0.5 });
    expect(presetOf({ ...draft, steps: 1 }, model).stepsFactor).toBe(0.1);
    expect(presetOf({ ...draft, steps: 999 }, model).stepsFactor).toBe(4);
  });
  it('keeps a scheduler only where it is not the model’s own, and one that is known', () => {
    expect(presetOf({ ...draft, scheduler: 'euler' }, model).scheduler).toBe('euler');
    expect(presetOf(draft, model)).not.toHaveProperty('scheduler');
    expect(presetOf({ ...draft, scheduler: 'of another studio' }, model)).not.toHaveProperty('scheduler');
  });
});

describe('step caching', () => {
  const stepCache = { interval: 3, branch: 0 };
  it('is kept by a preset, and tells two apart', () => {
    expect(presetOf({ ...draft, stepCache }, model)).toEqual({
      merging: noMerging,
      stepCache,
      stepsFactor: 1,
    });
    const merging = { ...noMerging, ratio: 0.5 };
    const cached: Preset = { ...half, id: 'own', changes: { ...half.changes, stepCache } };
    expect(presetInUse([half, cached], { ...draft, merging, stepCache }, model)).toBe('own');
    expect(presetInUse([half, cached], { ...draft, merging, stepCache: undefined }, model)).toBe('balanced');
  });
});

describe('presetInUse', () => {
  it('is the chosen one, whatever the form holds', () => {
    expect(presetInUse([half], { ...draft, presetId: 'exact' }, model)).toBe('exact');
  });
  it('is found again by its settings, in any order of their keys', () => {
    const merging = Object.fromEntries(Object.entries({ ...noMerging, ratio: 0.5 }).reverse());
    expect(presetInUse([half], { ...draft, merging: { ...noMerging, ...merging } }, model)).toBe('balanced');
    expect(presetInUse([half], { ...draft, merging: { ...noMerging, ratio: 0.45 } }, model)).toBeUndefined();
    expect(
      presetInUse([half], { ...draft, steps: 10, merging: { ...noMerging, ratio: 0.5 } }, model),
    ).toBeUndefined();
  });
});
