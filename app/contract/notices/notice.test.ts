import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import type { Candidate } from '#contract/runtime.ts';
import en from './en.json' with { type: 'json' };
import { english, noticeText } from './english.ts';
import { fill } from './fill.ts';
import ko from './ko.json' with { type: 'json' };
import { NoticeSchema, StoredNoticeSchema, type Notice } from './notice.ts';
import type { NoticeKey } from './speaker.ts';
import { describeNotice } from './words.ts';

const card: Candidate = { provider: 'webgpu', index: 0, device: 'Card', precision: 'f16' };
const cpu: Candidate = { provider: 'cpu', index: 0, device: 'Ryzen', precision: 'f32' };
const room = { neededBytes: 3.4e9, freeBytes: 2.9e9 };
const short = { ...room, source: 'nvidia-smi' };
const px = (side: number) => ({ widthPx: side, heightPx: side });
const savedBytes = 2.1e9;

/** Every notice that there is, with every text that it can be put together of. */
const all: readonly Notice[] = [
  { code: 'provider-unavailable', provider: 'cuda', problem: null, reason: null },
  { code: 'provider-unavailable', provider: 'cuda', problem: 'driver', reason: 'nvidia-smi failed.' },
  ...(['f16', 'int8'] as const).map((precision): Notice => {
    const absent = precision === 'int8';
    return {
      code: 'precision-unavailable',
      ...{ precision, absent, provider: 'webgpu' },
      used: 'f32',
      reason: null,
    };
  }),
  { code: 'device-failed', from: card, to: cpu, error: 'ENGINE_FAILED', reason: 'No such kernel.' },
  { code: 'device-failed', from: card, to: cpu, error: 'ENGINE_OUT_OF_MEMORY', reason: 'Memory ran out.' },
  { code: 'device-too-small', from: card, to: cpu, ...short },
  { code: 'engine-ended', from: card, to: cpu, reason: 'It crashed.' },
  { code: 'memory-low', ...room, lowBytes: 2e9 },
  { code: 'memory-low-device', device: 'Card', ...short },
  { code: 'memory-short', ...room, remedies: [] },
  {
    ...{ code: 'memory-short', ...room },
    remedies: [
      ...(['memory', 'precision', 'guidance', 'merging', 'step-cache', 'previews'] as const).map((what) => ({
        ...{ what, savedBytes },
      })),
      { what: 'size', savedBytes, size: px(512), of: px(1024) },
    ],
  },
  { code: 'memory-short-device', device: 'Card', ...short },
  ...(['prompt', 'negative'] as const).map((of): Notice => ({
    code: 'unknown-words',
    of,
    words: ['ox'],
    known: 174,
  })),
  { code: 'importance-idle' },
  { code: 'merging-unknown-blocks', unknown: ['nowhere'], known: ['mid', 'up'] },
  { code: 'merging-all-off' },
  { code: 'merging-no-keys-values' },
  { code: 'merging-no-named-block' },
  { code: 'merging-no-coarser-grid' },
  { code: 'merging-no-destination' },
  { code: 'merging-text-keys' },
  { code: 'merging-no-attention', maxDownsample: 1 },
  { code: 'merging-costly', grids: ['64×64', '32×32'], asked: 0.02 },
  { code: 'merging-nearer-whole', asked: 0.2 },
  { code: 'merging-less-than-one', asked: 0.015, tokens: 64 },
  { code: 'merging-idle', options: ['side', 'threshold', 'importance'] },
  { code: 'merging-in-steps', asked: [0.6, 0], given: [0.5, 0] },
  { code: 'merging-capped', asked: 1, most: 0.9375 },
  { code: 'merging-left-out', grids: ['8×8'] },
  { code: 'merging-slower', share: 0.12 },
  { code: 'pictures-not-kept', reason: 'The disk is full.' },
  { code: 'end-unwritten', reason: 'The disk is full.' },
  { code: 'queue-held', reason: 'The disk is full.' },
];

const said = (notice: Notice['code'], more: (notice: Notice) => boolean = () => true) =>
  all.filter((each) => each.code === notice && more(each)).map(noticeText);

describe('notices', () => {
  it('cross the line as they are, each with a code of its own', () => {
    for (const notice of all) expect(v.parse(NoticeSchema, structuredClone(notice))).toEqual(notice);
    const known = NoticeSchema.options.flatMap(({ entries: { code } }) =>
      code.type === 'literal' ? [code.literal] : code.options,
    );
    expect(new Set(known).size).toBe(known.length);
    expect(new Set(all.map(({ code }) => code))).toEqual(new Set(known));
  });

  it.each([
    ['English', en],
    ['Korean', ko],
  ])('have all their words in %s, and every hole of them is filled', (_, texts) => {
    const used = new Set<NoticeKey>();
    for (const notice of all) {
      const text = describeNotice(notice, {
        ...english,
        text: (key, holes) => {
          used.add(key);
          // A hole that a translation has not would be lost in it.
          const holesOf = [...texts[key].matchAll(/\{(\w+)\}/g)].map(([, name]) => name).toSorted();
          expect([key, ...holesOf]).toEqual([key, ...Object.keys(holes ?? {}).toSorted()]);
          return fill(texts[key], holes);
        },
      });
      expect(text).toMatch(/\S.*[.:]$/);
    }
    const { $schema: _schema, ...keys } = texts;
    expect([...used].toSorted()).toEqual(Object.keys(keys).toSorted());
  });

  it('refuse a text whose hole is not filled', () => {
    expect(() => fill('It needs {needed}.', { free: '1 MB' })).toThrow('was given no needed');
  });

  it('of rows written before there were codes are read as they are', () => {
    const old = 'WebGPU · float16 (Card) could not go on.';
    expect(noticeText(v.parse(StoredNoticeSchema, old))).toBe(old);
  });
});

describe('in the terminal', () => {
  it('say where a picture goes on, and why', () => {
    expect(said('device-failed')).toEqual([
      'WebGPU · float16 (Card) could not go on: No such kernel. The picture is made on CPU · float32 (Ryzen) instead.',
      'WebGPU · float16 (Card) could not go on: its memory ran out. The picture is made on CPU · float32 (Ryzen) instead.',
    ]);
    expect(said('device-too-small')[0]).toContain(
      'needs at least 3.4 GB there, and 2.9 GB is free (nvidia-smi)',
    );
    expect(said('provider-unavailable')).toEqual([
      'CUDA was asked for and cannot be used: There is no such device. The picture is made on the CPU instead.',
      'CUDA was asked for and cannot be used: nvidia-smi failed. The picture is made on the CPU instead.',
    ]);
  });

  it('say what merging makes of what was asked', () => {
    expect(said('merging-capped')).toEqual([
      'Asked for 100 %; this partition allows 93.8 %, and that is what is merged.',
    ]);
    expect(said('merging-in-steps')[0]).toMatch(/^Asked for 60 % to 0 %; .* and 50 % to 0 % is/);
    expect(said('merging-idle')[0]).toContain(
      'side queries and the threshold and importance will not be used',
    );
    expect(said('merging-less-than-one')).toEqual([
      'Nothing will be merged: 1.5 % of 64 tokens is less than one token.',
    ]);
  });

  it('say which settings would help', () => {
    expect(said('memory-short')[1]).toMatch(
      /may be slow or fail\. What would help most.*: low-memory mode: 2\.1 GB less; /,
    );
    expect(said('memory-short')[1]).toContain('512×512 instead of 1024×1024 px: 2.1 GB less.');
  });
});
