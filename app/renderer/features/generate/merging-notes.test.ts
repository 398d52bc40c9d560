import { describe, expect, it } from 'vitest';
import { noMerging } from '#contract/request.ts';
import type { MergingDescription } from '#contract/studio/models.ts';
import { mergingNote } from './merging-notes.ts';

const block = {
  section: 'down',
  gridW: 64,
  gridH: 64,
  merges: true,
  leftAtStart: 2048,
  leftAtEnd: 2048,
} as const;
const facts: MergingDescription = {
  effectiveRatio: 0.5,
  effectiveRatioEnd: 0.5,
  maxRatio: 0.75,
  tokens: 4096,
  tokensLeft: 2048,
  notes: [],
  blocks: [{ block: 'down_blocks.0.attentions.0', ...block }],
  speedup: null,
};
const half = { ...noMerging, ratio: 0.5 };

describe('mergingNote', () => {
  it('says nothing where nothing was asked, or all is as asked', () => {
    expect(mergingNote(noMerging, { ...facts, effectiveRatio: 0, effectiveRatioEnd: 0 })).toBeUndefined();
    expect(mergingNote(half, facts)).toBeUndefined();
    expect(mergingNote({ ...half, ratio: 0.75 }, facts)).toBeUndefined();
  });
  it('never hides the cap', () => {
    expect(mergingNote({ ...half, ratio: 0.9 }, facts)).toEqual({ kind: 'capped', maxRatio: 0.75 });
    expect(mergingNote({ ...half, ratioEnd: 0.9 }, facts)).toEqual({ kind: 'capped', maxRatio: 0.75 });
  });
  it('says why nothing would be merged', () => {
    const none = { ...facts, effectiveRatio: 0, effectiveRatioEnd: 0 };
    expect(mergingNote({ ...half, selfAttention: false }, none)?.kind).toBe('off');
    expect(mergingNote({ ...half, blocks: ['up_blocks.9.attentions.0'] }, none)?.kind).toBe('no-block');
    expect(mergingNote(half, { ...none, blocks: [], maxRatio: 0 })?.kind).toBe('no-block');
    expect(mergingNote({ ...half, sx: 1, sy: 1 }, { ...none, maxRatio: 0 })?.kind).toBe('no-destination');
    expect(mergingNote({ ...half, ratio: 0.0001 }, none)?.kind).toBe('less-than-one');
  });
  it('says that it was slower here, but not for the noise of a measurement', () => {
    expect(mergingNote(half, { ...facts, speedup: 0.8 })).toEqual({ kind: 'slower', share: 0.25 });
    expect(mergingNote(half, { ...facts, speedup: 0.99 })).toBeUndefined();
  });
});
