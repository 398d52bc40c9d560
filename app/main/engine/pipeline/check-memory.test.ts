import { expect, test } from 'vitest';
import { noMerging } from '#contract/request.ts';
import type { GenerationRequest } from '#contract/request.ts';
import { tinyUnetConfig } from '#tests/unet-config.ts';
import { assertMemory, matchingBytes } from './check-memory.ts';

const request: GenerationRequest = {
  prompt: '',
  negativePrompt: '',
  widthPx: 512,
  heightPx: 512,
  steps: 1,
  scheduler: 'ddim',
  guidanceScale: 2,
  seed: 0,
  count: 1,
  merging: { ...noMerging, ratio: 0.5 },
};
const size = { latentH: 64, latentW: 64 };

test('the largest grid of the batch counts: 3072 sources with 1024 destinations each, twice', () => {
  const merging = { ...request.merging, maxDownsample: 8 as const };
  expect(matchingBytes(tinyUnetConfig, { ...request, merging }, size, 2)).toBe(2 * 3072 * 1024 * 4);
});

test('larger cells need less, and no merging needs nothing', () => {
  const cells = { ...request.merging, sx: 4, sy: 4 };
  expect(matchingBytes(tinyUnetConfig, { ...request, merging: cells }, size, 1)).toBe(3840 * 256 * 4);
  expect(matchingBytes(tinyUnetConfig, { ...request, merging: noMerging }, size, 1)).toBe(0);
});

test('what does not fit is refused with numbers and a way out', () => {
  expect(() => {
    assertMemory(2 ** 31, 2 ** 30, request);
  }).toThrow(
    /512×512 px with cells of 2×2 needs 2\.0 GiB of memory; 1\.0 GiB are free\. Choose larger cells/,
  );
  expect(() => {
    assertMemory(2 ** 30, 2 ** 30, request);
  }).not.toThrow();
});
