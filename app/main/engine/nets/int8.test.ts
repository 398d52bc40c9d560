import { afterAll, describe, expect, it } from 'vitest';
import { tomesdMerging } from '#contract/request.ts';
import { attentionBlocks } from '#kernels/nets/unet-blocks.ts';
import { planMerging } from '#kernels/tome/plan.ts';
import { tomesdMatching, type MergeStructure } from '#kernels/tome/structure.ts';
import { openCheckpoint } from '#library/checkpoint.ts';
import { randomValues } from '#tests/random-values.ts';
import { loadUnet, type Unet, type UnetInput } from './unet.ts';

/** Trained weights: random ones spread errors far more. */
const { unet: part } = await openCheckpoint('models/demo');
const { config } = part;
const structure: MergeStructure = {
  mode: 'merge',
  blocks: attentionBlocks(config).map(({ name }) => name),
  modules: ['self'],
  ...tomesdMatching,
};

const loaded: Unet[] = [];
afterAll(async () => {
  for (const unet of loaded) await unet.release();
});
async function load(precision: 'f32' | 'int8'): Promise<Unet> {
  const unet = await loadUnet(part, structure, { threads: 1, precision });
  loaded.push(unet);
  return unet;
}

const size = { batch: 2, latentH: 20, latentW: 24 };
function input(ratio: number): UnetInput {
  const settings = { ...tomesdMerging, ratio, maxDownsample: 1 } as const;
  return {
    ...size,
    latents: randomValues(1, size.batch * config.inChannels * size.latentH * size.latentW),
    timestep: 321,
    hidden: randomValues(2, size.batch * 5 * config.crossAttentionDim),
    tokenCount: 5,
    ...(ratio === 0
      ? {}
      : { merge: planMerging(config, settings, { ...size, seed: 1, stepIndex: 0, stepCount: 1 }) }),
  };
}

function relativeError(actual: Float32Array, expected: Float32Array): number {
  const square = (values: Float32Array) => values.reduce((sum, value) => sum + value * value, 0);
  return Math.sqrt(square(actual.map((value, i) => value - (expected[i] ?? NaN))) / square(expected));
}

describe('the U-Net in 8 bits', () => {
  it('stays near the float32 one, merging or not, and is not the same', async () => {
    const [float, bytes] = [await load('f32'), await load('int8')];
    // Where merging, some tokens find another partner.
    const limits = { 0: 0.05, 0.5: 0.1 };
    for (const [ratio, limit] of Object.entries(limits)) {
      const expected = await float.run(input(Number(ratio)));
      const error = relativeError((await bytes.run(input(Number(ratio)))).output, expected.output);
      expect(error).toBeLessThan(limit);
      expect(error).toBeGreaterThan(1e-4);
    }
  });
});
