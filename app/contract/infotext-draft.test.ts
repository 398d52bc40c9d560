import { expect, it } from 'vitest';
import { toInfotext } from '#main/parameters.ts';
import { draftFromInfotext } from './infotext-draft.ts';
import { formatInfotext, parseInfotext } from './infotext.ts';
import { tomesdMerging } from './request.ts';

it('gives back every setting that Tessera wrote', () => {
  const merging = {
    ...tomesdMerging,
    ratio: 0.5,
    ratioEnd: 0.2,
    sx: 4,
    maxDownsample: 2 as const,
    mlp: true,
    sharePartition: false,
    side: 'keys-values' as const,
    threshold: 0.8,
    importance: 0.5,
    matchScope: 'stage' as const,
    matchEvery: 3,
    matchWindow: 16,
  };
  const request = {
    prompt: 'a red sun, (blue:1.2) mountains',
    negativePrompt: 'moon',
    widthPx: 256,
    heightPx: 320,
    steps: 12,
    scheduler: 'dpmpp_2m_karras' as const,
    guidanceScale: 3.5,
    seed: 7,
    count: 1,
    merging,
    stepCache: { interval: 3, branch: 1 },
  };
  const text = formatInfotext(toInfotext({ request, seed: 7, modelName: 'demo', version: '0.1.0' }));
  const { count: _, ...fields } = request;
  expect(draftFromInfotext(parseInfotext(text))).toEqual({
    changes: { ...fields, presetId: null },
    modelName: 'demo',
    unknown: [['Version', 'Tessera 0.1.0']],
  });
});

it("reads A1111's older names and keeps what it does not know", () => {
  const text =
    'a cat\nNegative prompt: dog\nSteps: 20, Sampler: DPM++ 2M Karras, CFG scale: 7, Seed: 1, Size: 512x768, Model hash: abc, Clip skip: 2, Token merging ratio: 0.4';
  const { changes, unknown } = draftFromInfotext(parseInfotext(text));
  expect(changes).toMatchObject({
    scheduler: 'dpmpp_2m_karras',
    widthPx: 512,
    heightPx: 768,
    merging: { ...tomesdMerging, ratio: 0.4 },
  });
  expect(unknown).toEqual([
    ['Model hash', 'abc'],
    ['Clip skip', '2'],
  ]);
});

it('leaves a sampler that is not ours among the unknown', () => {
  const { changes, unknown } = draftFromInfotext(
    parseInfotext('a\nSteps: 20, Sampler: Restart, CFG scale: 7'),
  );
  expect(changes.scheduler).toBeUndefined();
  expect(unknown).toEqual([['Sampler', 'Restart']]);
});

it('leaves a step cache that cannot be among the unknown', () => {
  const read = (text: string) =>
    draftFromInfotext(parseInfotext(`a\nSteps: 20, CFG scale: 7, Seed: 1, Step cache: ${text}`));
  expect(read('"5:0"').changes).toMatchObject({ stepCache: { interval: 5, branch: 0 }, presetId: null });
  expect(read('5').changes.stepCache).toEqual({ interval: 5, branch: 0 });
  expect(read('1').unknown).toEqual([['Step cache', '1']]);
  expect(read('often').unknown).toEqual([['Step cache', 'often']]);
});
