import { expect, it } from 'vitest';
import type { RuntimeReport } from '#contract/runtime-report.ts';
import { fakeGeneration } from '../state/testing.ts';
import { madeOn, placeName } from './place.ts';

const figures = {
  ...{ tokeniseMs: 1, textMs: 1, stepsMs: [1], decodeMs: 1, decodeTiles: 1, totalMs: 4, loadMs: 0 },
};
const cpu = { provider: 'cpu', index: 0, device: 'Ryzen', precision: 'f32' } as const;

it('names provider and precision together', () => {
  expect(placeName({ provider: 'webgpu', precision: 'f16' })).toBe('WebGPU · float16');
  expect(placeName({ provider: 'cpu', precision: 'int8' })).toBe('CPU · 8-bit');
  expect(placeName({ provider: 'cpu', precision: null })).toBe('CPU');
});

it('is told of the U-Net, whatever the other parts ran on', () => {
  const runtime: RuntimeReport = {
    parts: [
      { part: 'text', ...cpu },
      { part: 'unet', ...cpu, provider: 'cuda', device: 'NVIDIA H200', precision: 'f16' },
      { part: 'vae', ...cpu },
    ],
    notices: [],
  };
  expect(madeOn(fakeGeneration({ provider: 'cpu', figures: { ...figures, runtime } }))).toBe(
    'CUDA · float16',
  );
});

it('says only what is known of older pictures, and of those that never began', () => {
  expect(madeOn(fakeGeneration({ provider: 'dml', figures }))).toBe('DirectML');
  expect(madeOn(fakeGeneration({ provider: null }))).toBe('unknown');
});
