import { beforeAll, describe, expect, it } from 'vitest';
import { tomesdMerging } from '#contract/request.ts';
import { mergeStructure, planMerging } from '#kernels/tome/plan.ts';
import type { MergeSettings } from '#kernels/tome/settings.ts';
import { expectClose, ofLargest } from '#tests/expect-close.ts';
import { goldenModelNames, openGoldenModel, type GoldenModel } from '#tests/golden-model.ts';
import { randomValues } from '#tests/random-values.ts';
import { loadUnet, type UnetInput } from './unet.ts';

const runtime = { threads: 1 };
const size = { batch: 2, latentH: 9, latentW: 14 };
const merged: MergeSettings = { ...tomesdMerging, ratio: 0.5, maxDownsample: 4, crossAttention: true };

describe.each(goldenModelNames)('the shallow U-Net of %s', (modelName) => {
  let model: GoldenModel;
  beforeAll(async () => {
    model = await openGoldenModel(modelName);
  });

  it.each([
    { branch: 0, settings: tomesdMerging, name: 'plain' },
    { branch: 0, settings: merged, name: 'merging' },
    { branch: 1, settings: merged, name: 'merging' },
    { branch: 3, settings: tomesdMerging, name: 'plain' },
    { branch: 11, settings: merged, name: 'merging' },
  ])('on a fresh feature gives what the whole gives: branch $branch, $name', async ({ branch, settings }) => {
    const { unet: part } = model.checkpoint;
    const structure = mergeStructure(part.config, settings);
    const whole = await loadUnet(part, structure, runtime, { part: 'whole', branch });
    const shallow = await loadUnet(part, structure, runtime, { part: 'shallow', branch });
    const input: UnetInput = {
      ...size,
      latents: randomValues(3, size.batch * 4 * size.latentH * size.latentW),
      timestep: 321,
      hidden: randomValues(4, size.batch * 5 * part.config.crossAttentionDim),
      tokenCount: 5,
      wantMaps: true,
      merge: planMerging(part.config, settings, { ...size, seed: 1, stepIndex: 0, stepCount: 1 }),
    };
    const fresh = await whole.run({ ...input, wantDeep: true });
    const again = await shallow.run({ ...input, deep: fresh.deep });
    expectClose(again.output, fresh.output, ofLargest(fresh.output, 1e-6), 'noise');
    const held = shallow.blocks.map(({ name }) => name);
    expect(again.maps).toEqual(fresh.maps.filter(({ block }) => held.includes(block)));
    // Another feature gives another output, or the comparison above would say nothing.
    const { deep } = fresh;
    if (deep === undefined || !('data' in deep) || !(deep.data instanceof Float32Array))
      expect.fail('The CPU left no feature here.');
    const negated = { ...deep, data: deep.data.map((value) => -value) };
    const other = await shallow.run({ ...input, deep: negated });
    expect(
      Math.max(...other.output.map((value, i) => Math.abs(value - (fresh.output[i] ?? 0)))),
    ).toBeGreaterThan(1e-3);
    await whole.release();
    await shallow.release();
  });

  it('leaves the whole net as it is: with a branch it gives the same values, and the feature only when asked', async () => {
    const { unet: part } = model.checkpoint;
    const input: UnetInput = {
      ...size,
      latents: randomValues(3, size.batch * 4 * size.latentH * size.latentW),
      timestep: 321,
      hidden: randomValues(4, size.batch * 5 * part.config.crossAttentionDim),
      tokenCount: 5,
    };
    const plain = await loadUnet(part, null, runtime);
    const branched = await loadUnet(part, null, runtime, { part: 'whole', branch: 0 });
    const { output, deep } = await branched.run(input);
    expect(deep).toBeUndefined();
    expectClose(output, (await plain.run(input)).output, { atol: 0, rtol: 0 });
    expect((await branched.run({ ...input, wantDeep: true })).output).toEqual(output);
    await plain.release();
    await branched.release();
  });

  it('refuses to run without a feature', async () => {
    const shallow = await loadUnet(model.checkpoint.unet, null, runtime, { part: 'shallow', branch: 0 });
    const none = {
      ...size,
      latents: new Float32Array(),
      timestep: 1,
      hidden: new Float32Array(),
      tokenCount: 0,
    };
    await expect(shallow.run(none)).rejects.toThrow('run without a deep feature');
    await shallow.release();
  });
});
