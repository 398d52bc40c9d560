import { afterEach, describe, expect, it, vi } from 'vitest';
import { tomesdMerging } from '#contract/request.ts';
import { cpuTarget, type GraphTarget } from '#kernels/graph/target.ts';
import { mergeStructure, planMerging } from '#kernels/tome/plan.ts';
import type { MergeSettings } from '#kernels/tome/settings.ts';
import { expectClose, ofLargest } from '#tests/expect-close.ts';
import { openGoldenModel } from '#tests/golden-model.ts';
import { graphTarget } from './target.ts';
import { loadUnet } from './unet.ts';

/**
 * The U-Net's half-precision graphs against diffusers with tomesd in float32. No device here computes in it: the CPU takes
 * the same graph, and rounds to half precision wherever a value leaves an operator.
 * Allowed: 5e-3 of the largest value; measured: at most 1.1e-3.
 */
const SHARE = 5e-3;
/** Of a block's tokens, those that fall to another destination; measured: 3 of 512. What that makes, as root mean square: 9.5e-3. */
const MOVED = 0.02;
const APART = 0.03;
const TIMESTEP = 741;

vi.mock(import('./target.ts'));
afterEach(() => vi.resetAllMocks());

const forms: Record<string, GraphTarget> = {
  'for CUDA and DirectML': { ...cpuTarget, float: 'f16', winogradFrom: Infinity },
  'for WebGPU': { ...cpuTarget, operators: 'device', float: 'f16', winogradFrom: Infinity },
  'for WebGPU without fused attention': {
    ...{ ...cpuTarget, operators: 'device', attention: 'plain', float: 'f16', winogradFrom: Infinity },
  },
};

const settings = (ratio: number): MergeSettings => ({ ...tomesdMerging, partition: 'cells-fixed', ratio });

async function run(target: GraphTarget, ratio: number) {
  vi.mocked(graphTarget).mockResolvedValue(target);
  const { checkpoint, io } = await openGoldenModel('tiny-sd15');
  const { config } = checkpoint.unet;
  const unet = await loadUnet(checkpoint.unet, mergeStructure(config, settings(ratio)), { threads: 1 });
  const { data: latents, shape } = await io.floats('unet_16x16_sample');
  const [batch = 0, , latentH = 0, latentW = 0] = shape;
  const hidden = await io.floats('clip_hidden');
  const step = { latentH, latentW, batch, seed: 0, stepIndex: 0, stepCount: 1 };
  const result = await unet.run({
    ...{ latents, batch, latentH, latentW, timestep: TIMESTEP, wantMaps: true },
    ...{ merge: planMerging(config, settings(ratio), step), hidden: hidden.data, tokenCount: 77 },
  });
  await unet.release();
  const suffix = ratio === 0 ? '' : `_r${ratio * 100}`;
  return { ...result, expected: await io.floats(`unet_16x16_out_t${TIMESTEP}${suffix}`) };
}

/** Rounding shows: it was not float32 that ran. */
function expectRounded(output: Float32Array, expected: Float32Array): void {
  expect(Math.max(...output.map((value, i) => Math.abs(value - (expected[i] ?? 0))))).toBeGreaterThan(1e-5);
}

describe.each(Object.entries(forms))('in half precision %s', (_name, target) => {
  it('is diffusers’', async () => {
    const { output, expected } = await run(target, 0);
    expectClose(output, expected, ofLargest(expected.data, SHARE), 'noise');
    expectRounded(output, expected.data);
  });

  it('merges as in float32, but for tokens that rounding decides', async () => {
    const half = await run(target, 0.5);
    const single = await run({ ...target, float: 'f32' }, 0.5);
    expectRounded(half.output, half.expected.data);
    expect(half.maps.length).toBe(5);
    for (const [i, { block, map }] of half.maps.entries()) {
      const other = single.maps[i]?.map ?? new Int32Array();
      const moved = map.filter((token, at) => token !== other[at]).length;
      expect(moved / map.length, block).toBeLessThan(MOVED);
    }
    const square = (values: Float32Array) => values.reduce((sum, value) => sum + value * value, 0);
    const apart = half.output.map((value, i) => value - (half.expected.data[i] ?? 0));
    expect(Math.sqrt(square(apart) / square(half.expected.data))).toBeLessThan(APART);
  });
});
