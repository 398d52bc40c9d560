import { expect, test } from 'vitest';
import { formatInfotext, parseInfotext } from '#contract/infotext.ts';
import { tomesdMerging } from '#contract/request.ts';
import type { GenerationRequest } from '#contract/request.ts';
import { toInfotext } from './parameters.ts';

const request: GenerationRequest = {
  prompt: 'a sun',
  negativePrompt: '',
  widthPx: 512,
  heightPx: 768,
  steps: 20,
  scheduler: 'dpmpp_2m_karras',
  guidanceScale: 7,
  seed: 1,
  count: 3,
  merging: tomesdMerging,
};
const origin = { request, seed: 3, modelName: 'dreamy', version: '0.1.0' };

test('writes the keys that A1111 writes; nothing of merging without it', () => {
  expect(formatInfotext(toInfotext(origin))).toBe(
    'a sun\nSteps: 20, Sampler: DPM++ 2M, Schedule type: Karras, CFG scale: 7, Seed: 3, Size: 512x768, Model: dreamy, Version: Tessera 0.1.0',
  );
});

test('says nothing of what is as tomesd has it', () => {
  const merging = { ...tomesdMerging, ratio: 0.5 };
  const usual = toInfotext({ ...origin, request: { ...request, merging } });
  expect([...usual.settings.keys()].filter((key) => key.startsWith('Token merging'))).toEqual([
    'Token merging ratio',
    'Token merging mode',
    'Token merging partition',
    'Token merging cell',
    'Token merging max downsample',
    'Token merging modules',
  ]);
});

test('every merging option reads back', () => {
  const merging = {
    ...tomesdMerging,
    ratio: 0.5,
    ratioEnd: 0.25,
    blocks: ['a.0', 'b.1'],
    mlp: true,
    sharePartition: false,
    side: 'queries' as const,
    threshold: -0.5,
    importance: 0.25,
    matchScope: 'level' as const,
    matchEvery: 4,
    matchWindow: 8,
  };
  const text = formatInfotext(toInfotext({ ...origin, request: { ...request, merging } }));
  expect(Object.fromEntries(parseInfotext(text).settings)).toMatchObject({
    'Token merging ratio': '0.5',
    'Token merging ratio end': '0.25',
    'Token merging mode': 'merge',
    'Token merging partition': 'cells-random',
    'Token merging cell': '2x2',
    'Token merging blocks': 'a.0, b.1',
    'Token merging modules': 'self mlp',
    'Token merging shared partition': 'off',
    'Token merging side': 'queries',
    'Token merging threshold': '-0.5',
    'Token merging importance': '0.25',
    'Token merging match scope': 'level',
    'Token merging match every': '4',
    'Token merging match window': '8',
    Version: 'Tessera 0.1.0',
  });
});
