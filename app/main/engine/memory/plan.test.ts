import { describe, expect, it } from 'vitest';
import { english, noticeText } from '#contract/notices/english.ts';
import { describeRemedies } from '#contract/notices/memory-words.ts';
import { noMerging } from '#contract/request.ts';
import { openCheckpoint } from '#library/checkpoint.ts';
import { embeddedModelPath } from '#library/models.ts';
import { planMemory } from './plan.ts';
import { modelWeights } from './weights.ts';

const { unet, vae, textEncoder } = await openCheckpoint(embeddedModelPath(), {});
const shape = { unet: unet.config, vae: vae.config, text: textEncoder.config };
const weights = modelWeights(shape);
const request = { widthPx: 1024, heightPx: 1024, guidanceScale: 7.5, merging: noMerging };
const plan = (freeBytes: number, choice: 'auto' | 'full' | 'low' = 'auto', more = {}) =>
  planMemory({
    ...{ shape, weights, choice, freeBytes },
    request: { ...request, ...more },
    options: { previews: false },
  });
const words = ({ notices }: ReturnType<typeof plan>) => notices.map(noticeText).join(' ');
const plenty = 64e9;
const fullBytes = plan(plenty).estimate.bytes;
const lowBytes = plan(plenty, 'low').estimate.bytes;

describe('planMemory', () => {
  it('is full without a word where there is room', () => {
    expect(plan(fullBytes)).toMatchObject({ mode: 'full', notices: [] });
  });

  it('loads one part after another where only that fits, and says so', () => {
    const low = plan(lowBytes);
    expect(low.mode).toBe('low');
    expect(words(low)).toMatch(/^Low-memory mode: .* one after another/);
    expect(words(low)).not.toMatch(/may be slow or fail/);
  });

  it('says what would help where not even that fits', () => {
    expect(words(plan(lowBytes / 2))).toMatch(/may be slow or fail\. What would help most/);
  });

  it('does as it was told', () => {
    expect(plan(0, 'full').mode).toBe('full');
    expect(plan(plenty, 'low')).toMatchObject({ mode: 'low', notices: [] });
  });

  it('names up to three settings, the one that saves most first, each by what it truly saves', () => {
    const { remedies } = plan(0, 'full');
    expect(remedies).toHaveLength(3);
    expect(remedies.map(({ savedBytes }) => savedBytes)).toEqual(
      remedies.map(({ savedBytes }) => savedBytes).toSorted((a, b) => b - a),
    );
    const size = remedies.find(({ what }) => what === 'size');
    const half = plan(0, 'full', { widthPx: 512, heightPx: 512 }).estimate.bytes;
    expect(size?.savedBytes).toBe(fullBytes - half);
    expect(describeRemedies(remedies, english)).toMatch(/512×512 instead of 1024×1024 px: \d+ MB less/);
  });

  it('offers float32 where 8 bits take more to load', () => {
    const { remedies } = planMemory({
      ...{ shape, weights, choice: 'low', freeBytes: 0 },
      request: { ...request, widthPx: 64, heightPx: 64, guidanceScale: 1 },
      options: { previews: false, precision: 'int8' },
    });
    expect(remedies.map(({ what }) => what)).toEqual(['precision']);
    expect(describeRemedies(remedies, english)).toMatch(
      /precision float32, which loads with less: \d+ MB less/,
    );
  });

  it('offers nothing that is set already', () => {
    const merging = { ...noMerging, ratio: 0.7, mlp: true };
    const { remedies } = plan(0, 'low', { guidanceScale: 1, merging, widthPx: 64, heightPx: 64 });
    expect(remedies).toEqual([]);
    expect(describeRemedies(remedies, english)).toMatch(/smaller model/);
  });
});

describe('planMemory, on a device with memory of its own', () => {
  const options = { previews: false, device: { provider: 'cuda', isShared: false } as const };
  const on = (freeOnDevice: number, choice: 'auto' | 'full' | 'low' = 'auto') =>
    planMemory({
      ...{ shape, weights, request, choice, options, freeBytes: plenty },
      room: { name: 'Card A', freeBytes: freeOnDevice, source: 'nvidia-smi' },
    });
  const fullThere = on(plenty, 'full').estimate.deviceBytes ?? NaN;
  const lowThere = on(plenty, 'low').estimate.deviceBytes ?? NaN;

  it('is full without a word where all of it fits there', () => {
    expect(on(fullThere)).toMatchObject({ mode: 'full', notices: [], refusal: undefined });
  });

  it('loads one part after another where only that fits there, and says whose memory is short', () => {
    const low = on(lowThere);
    expect([low.mode, low.refusal]).toEqual(['low', undefined]);
    expect(words(low)).toMatch(
      /^Low-memory mode: .* at least .* of the memory of Card A, and .* \(nvidia-smi\)/,
    );
  });

  it('refuses a device that not even that fits on, but for one who wants everything loaded', () => {
    expect(on(lowThere - 1).refusal).toEqual({
      ...{ neededBytes: lowThere, freeBytes: lowThere - 1, source: 'nvidia-smi' },
    });
    expect(on(lowThere - 1, 'low').refusal).toBeDefined();
    const asked = on(lowThere - 1, 'full');
    expect([asked.mode, asked.refusal]).toEqual(['full', undefined]);
    expect(words(asked)).toMatch(/it may fail there, and be made elsewhere instead/);
  });
});
