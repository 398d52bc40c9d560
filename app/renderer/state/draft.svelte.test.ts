import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { noMerging } from '#contract/request.ts';
import type { Draft } from '#contract/studio/draft.ts';
import { DraftState, emptyDraft } from './draft.svelte.ts';
import { fakeGeneration } from './testing.ts';

let kept: Draft[] = [];
let works = true;
const create = (): DraftState =>
  new DraftState((draft) => {
    kept.push(draft);
    return Promise.resolve(works);
  });

beforeEach(() => {
  vi.useFakeTimers();
  kept = [];
  works = true;
});
afterEach(() => {
  vi.useRealTimers();
});

describe('the form', () => {
  it('is kept a moment after the last keystroke, and at once when the window goes', () => {
    const draft = create();
    draft.load(null);
    draft.change({ prompt: 'a' });
    draft.change({ prompt: 'a red' });
    expect(kept).toEqual([]);
    vi.advanceTimersByTime(200);
    expect(kept.map(({ prompt }) => prompt)).toEqual(['a red']);
    draft.change({ prompt: 'a red sun' });
    draft.flush();
    expect(kept.at(-1)?.prompt).toBe('a red sun');
  });

  it('overwrites nothing before it was read, and is read once', () => {
    const draft = create();
    draft.change({ prompt: 'too early' });
    vi.advanceTimersByTime(1000);
    expect(kept).toEqual([]);
    draft.load({ ...emptyDraft, prompt: 'of yesterday' });
    draft.load({ ...emptyDraft, prompt: 'of another window' });
    expect(draft.current.prompt).toBe('of yesterday');
  });

  it('is kept again when the studio is back', async () => {
    const draft = create();
    draft.load(null);
    works = false;
    draft.change({ prompt: 'written while it was away' });
    await vi.advanceTimersByTimeAsync(200);
    works = true;
    await draft.keepLost();
    await draft.keepLost();
    expect(kept.map(({ prompt }) => prompt)).toEqual(Array(2).fill('written while it was away'));
  });

  it('forgets the preset when merging is changed by hand, and options that are taken back', () => {
    const draft = create();
    draft.changeMerging({ ratio: 0.3, ratioEnd: 0.1, blocks: ['mid_block.attentions.0'] });
    expect(draft.current.presetId).toBeNull();
    draft.changeMerging({ ratioEnd: undefined, blocks: undefined });
    expect(draft.snapshot().merging).toEqual({ ...noMerging, ratio: 0.3 });
  });

  it('takes all of a picture, or its seed alone', () => {
    const draft = create();
    const generation = fakeGeneration();
    draft.change({ prompt: 'mine', steps: 4 });
    draft.reuse(generation, 'seed');
    expect(draft.snapshot()).toMatchObject({ prompt: 'mine', steps: 4, seed: 7 });
    draft.reuse(generation);
    expect(draft.snapshot()).toMatchObject({ prompt: 'a red sun', steps: 20, seed: 7, presetId: null });
  });
});
