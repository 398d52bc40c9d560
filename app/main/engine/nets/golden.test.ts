import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tomesdMerging } from '#contract/request.ts';
import { mergeStructure, planMerging } from '#kernels/tome/plan.ts';
import type { MergeSettings } from '#kernels/tome/settings.ts';
import { expectClose, ofLargest } from '#tests/expect-close.ts';
import { goldenModelNames, openGoldenModel, type GoldenModel } from '#tests/golden-model.ts';
import { loadTextEncoder } from './text-encoder.ts';
import { loadUnet, type Unet } from './unet.ts';
import { loadVaeDecoder, loadVaeEncoder } from './vae.ts';

/**
 * The nets against diffusers, transformers and tomesd (tests/golden/README.md).
 * Allowed: 1e-4 of the tensor's largest value; measured: at most 1.6e-6.
 */
const SHARE = 1e-4;
/** One thread: the nets are small, and test files run side by side. */
const runtime = { threads: 1 };

describe.each(goldenModelNames)('%s', (modelName) => {
  let model: GoldenModel;
  beforeAll(async () => {
    model = await openGoldenModel(modelName);
  });

  it('encodes text as transformers does', async () => {
    const encoder = await loadTextEncoder(model.checkpoint.textEncoder, runtime);
    const hidden = await model.io.floats('clip_hidden');
    const actual = await encoder.run(await model.io.ints('clip_ids'), 2);
    await encoder.release();
    expectClose(actual, hidden, ofLargest(hidden.data, SHARE), 'hidden');
  });

  it('decodes latents as diffusers does', async () => {
    const decoder = await loadVaeDecoder(model.checkpoint.vae, runtime);
    const { data, shape } = await model.io.floats('vae_latent');
    const [batch = 0, , latentH = 0, latentW = 0] = shape;
    const image = await model.io.floats('vae_image');
    expect(image.shape).toEqual([batch, 3, latentH * 8, latentW * 8]);
    expectClose(
      await decoder.run(data, batch, latentH, latentW),
      image,
      ofLargest(image.data, SHARE),
      'pixels',
    );
    await decoder.release();
  });

  it('encodes pixels as diffusers does, height and width apart', async () => {
    const encoder = await loadVaeEncoder(model.checkpoint.vae, runtime);
    const { data, shape } = await model.io.floats('vae_pixels');
    const [batch = 0, , heightPx = 0, widthPx = 0] = shape;
    const { mean, logVariance } = await encoder.run(data, batch, heightPx, widthPx);
    await encoder.release();
    for (const [name, actual] of Object.entries({ vae_mean: mean, vae_logvar: logVariance })) {
      const expected = await model.io.floats(name);
      expect(expected.shape).toEqual([batch, 4, heightPx / 8, widthPx / 8]);
      expectClose(actual, expected, ofLargest(expected.data, SHARE), name);
    }
  });
});

/** What each suffix of a golden U-Net output stands for; ratios and cells come from the name too. */
const variants: Readonly<Record<string, Partial<MergeSettings>>> = {
  '': { ratio: 0 },
  _r50: { ratio: 0.5 },
  _r75: { ratio: 0.75 },
  _r30_ds2: { ratio: 0.3, maxDownsample: 2 },
  _r50_all: { ratio: 0.5, maxDownsample: 8, crossAttention: true, mlp: true },
  _r60_s4: { ratio: 0.6, sx: 4, sy: 4 },
  _r40_xattn: { ratio: 0.4, selfAttention: false, crossAttention: true },
  _r50_q: { ratio: 0.5, side: 'queries' },
  _r50_kv: { ratio: 0.5, side: 'keys-values' },
  _r75_kv: { ratio: 0.75, side: 'keys-values' },
  _r75_t65: { ratio: 0.75, threshold: 0.65 },
  _r25_t50: { ratio: 0.25, threshold: 0.5 },
  _todo2: { ratio: 0.75, mode: 'downsample' },
  _todo4: { ratio: 0.9375, mode: 'downsample' },
  _r40_mlp_ds4: { ratio: 0.4, selfAttention: false, mlp: true, maxDownsample: 4 },
};
const sizes = { 'tiny-sd15': ['16x16', '24x16', '18x22'], 'tiny-sd21': ['32x32', '16x40', '13x17'] } as const;
/** These three halvings do not divide; tomesd refuses them, so they stand without merging. */
const unmergedSizes: readonly string[] = ['18x22', '13x17'];
const TIMESTEP = 741;
/** What tests/golden/make/sides.py added. */
const newOutputs = { 'tiny-sd15': 21, 'tiny-sd21': 16 };
/** A coarser grid is taken of any size, and tests/golden/make/sides.py merges any of even sides. */
function stands(suffix: string, size: string): boolean {
  if (suffix === '' || suffix.startsWith('_todo') || !unmergedSizes.includes(size)) return true;
  return size === '18x22' && /_(?:q|kv|t\d+)$/.test(suffix);
}

describe.each(goldenModelNames)('the U-Net of %s', (modelName) => {
  let model: GoldenModel;
  const unets = new Map<string, Unet>();
  beforeAll(async () => {
    model = await openGoldenModel(modelName);
  });
  afterAll(async () => {
    for (const unet of unets.values()) await unet.release();
  });

  /** One graph for all ratios, cells and sizes. */
  async function unetFor(settings: MergeSettings): Promise<Unet> {
    const structure = mergeStructure(model.checkpoint.unet.config, settings);
    const key = JSON.stringify(structure);
    const unet = unets.get(key) ?? (await loadUnet(model.checkpoint.unet, structure, runtime));
    unets.set(key, unet);
    return unet;
  }

  it.each(
    Object.entries(variants).flatMap(([suffix, some]) =>
      sizes[modelName]
        .filter((size) => stands(suffix, size))
        .map((size) => ({ size, suffix, some, name: `unet_${size}_out_t${TIMESTEP}${suffix}` })),
    ),
  )('is diffusers’, with tomesd: $name', async ({ size, some, name }) => {
    const settings: MergeSettings = { ...tomesdMerging, partition: 'cells-fixed', ...some };
    const { data: latents, shape } = await model.io.floats(`unet_${size}_sample`);
    const [batch = 0, , latentH = 0, latentW = 0] = shape;
    const hidden = await model.io.floats('clip_hidden');
    const unet = await unetFor(settings);
    const step = { latentH, latentW, batch, seed: 0, stepIndex: 0, stepCount: 1 };
    const merge = planMerging(model.checkpoint.unet.config, settings, step);
    const { output } = await unet.run({
      ...{ latents, batch, latentH, latentW, merge, timestep: TIMESTEP },
      ...{ hidden: hidden.data, tokenCount: 77 },
    });
    const expected = await model.io.floats(name);
    expect(expected.shape).toEqual(shape);
    expectClose(output, expected, ofLargest(expected.data, SHARE), 'noise');
  });

  it('leaves no golden output untested', () => {
    const known = Object.keys(variants).flatMap((suffix) =>
      sizes[modelName].map((size) => `unet_${size}_out_t${TIMESTEP}${suffix}`),
    );
    const outputs = model.io.names.filter((name) => /^unet_.*_out_/.test(name));
    expect(outputs.length).toBe(newOutputs[modelName] + 17);
    expect(outputs.filter((name) => !known.includes(name))).toEqual([]);
  });
});
