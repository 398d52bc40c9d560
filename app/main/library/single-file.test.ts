import { cp, mkdir, readFile, rename, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { UnetConfig } from '#kernels/nets/configs.ts';
import { writeRealSingleFile } from '#tests/real-layouts.ts';
import { writeSafetensors, type WrittenTensor } from '#tests/safetensors-file.ts';
import { assembleSingleFile } from '#tests/single-file.ts';
import { temporaryFolder } from '#tests/temporary.ts';
import { openCheckpoint, type Checkpoint, type NetPart } from './checkpoint.ts';
import { readSafetensorsHeader } from './safetensors.ts';

const golden = join(import.meta.dirname, '..', '..', '..', 'tests', 'golden');

/** Every tensor of a part as bytes, by diffusers' name. */
async function partBytes<C>(part: NetPart<C>): Promise<Map<string, Buffer>> {
  const files = new Map<string, Buffer>();
  const tensors = new Map<string, Buffer>();
  for (const name of part.weights.names()) {
    const range = part.weights.get(name);
    if (range === undefined) throw new Error(`${name} is named but not there`);
    const bytes = files.get(range.file) ?? (await readFile(join(part.folder, range.file)));
    files.set(range.file, bytes);
    tensors.set(name, bytes.subarray(range.offsetBytes, range.offsetBytes + range.sizeBytes));
  }
  return tensors;
}

async function expectSameWeights<C>(a: NetPart<C>, b: NetPart<C>): Promise<void> {
  const [left, right] = [await partBytes(a), await partBytes(b)];
  expect([...left.keys()].sort()).toEqual([...right.keys()].sort());
  expect(left.size).toBeGreaterThan(50);
  for (const [name, bytes] of left) {
    if (!right.get(name)?.equals(bytes)) throw new Error(`${name} has other bytes`);
    expect(a.weights.get(name)?.shape).toEqual(b.weights.get(name)?.shape);
  }
}

/** Rewrites a checkpoint's header with other tensors; the weights become zeros. */
async function edited(
  path: string,
  change: (tensors: Record<string, WrittenTensor>) => void,
  metadata?: Record<string, string>,
): Promise<string> {
  const { tensors } = await readSafetensorsHeader(path);
  const copy: Record<string, WrittenTensor> = Object.fromEntries(tensors);
  for (const [name, { dtype, shape }] of tensors) copy[name] = { dtype, shape };
  change(copy);
  const target = join(await temporaryFolder(), 'edited.safetensors');
  await writeSafetensors(target, copy, metadata);
  return target;
}

describe.each(['tiny-sd15', 'tiny-sd21'] as const)('the single file of %s', (name) => {
  it('points every tensor at the bytes that the diffusers folder has', async () => {
    const path = await assembleSingleFile(name, await temporaryFolder());
    const folder = await openCheckpoint(join(golden, name));
    const single = await openCheckpoint(path, { configFolder: join(golden, name) });
    await expectSameWeights(single.unet, folder.unet);
    await expectSameWeights(single.textEncoder, folder.textEncoder);
    await expectSameWeights(single.vae, folder.vae);
    expect(single.ignoredTensors).toEqual([]);
    expect(single.knownExtraCount).toBeGreaterThan(3);
    expect([single.kind, single.schedule, single.defaults]).toEqual([
      folder.kind,
      folder.schedule,
      folder.defaults,
    ]);
  });

  it('asks for a configuration when the usual head counts do not fit', async () => {
    const path = await assembleSingleFile(name, await temporaryFolder());
    await expect(openCheckpoint(path)).rejects.toMatchObject({
      code: 'MODEL_CONFIG_INVALID',
      message: expect.stringContaining('configFolder') as string,
    });
  });
});

describe('real sizes, recognised by names and shapes alone', () => {
  it('opens a Stable Diffusion 1.5 file', async () => {
    const path = join(await temporaryFolder(), 'sd15.safetensors');
    await writeRealSingleFile('sd15', path);
    const { unet, textEncoder, vae, ...rest } = await openCheckpoint(path);
    expect(rest).toMatchObject({ kind: 'sd1', kindSource: 'recognised', ignoredTensors: [] });
    expect(rest.schedule).toMatchObject({ predictionType: 'epsilon', betaStart: 0.00085, stepsOffset: 1 });
    expect(rest.defaults).toEqual({
      widthPx: 512,
      heightPx: 512,
      steps: 20,
      guidanceScale: 7.5,
      scheduler: 'dpmpp_2m',
    });
    expect(unet.config).toEqual({
      inChannels: 4,
      outChannels: 4,
      blockOutChannels: [320, 640, 1280, 1280],
      downBlockTypes: ['CrossAttnDownBlock2D', 'CrossAttnDownBlock2D', 'CrossAttnDownBlock2D', 'DownBlock2D'],
      upBlockTypes: ['UpBlock2D', 'CrossAttnUpBlock2D', 'CrossAttnUpBlock2D', 'CrossAttnUpBlock2D'],
      layersPerBlock: 2,
      headCounts: [8, 8, 8, 8],
      crossAttentionDim: 768,
      useLinearProjection: false,
      normNumGroups: 32,
      normEps: 1e-5,
      flipSinToCos: true,
      freqShift: 0,
    } satisfies UnetConfig);
    expect(textEncoder.config).toMatchObject({ layerCount: 12, headCount: 12, activation: 'quick_gelu' });
    expect(textEncoder.config.outputLayer).toBe('last');
    expect(vae.config).toMatchObject({ blockOutChannels: [128, 256, 512, 512], layersPerBlock: 2 });
    expect(rest.sizeBytes).toBeGreaterThan(2e9);
  });

  async function sd21(metadata?: Record<string, string>): Promise<string> {
    const path = join(await temporaryFolder(), 'sd21.safetensors');
    await writeRealSingleFile('sd21', path, metadata);
    return path;
  }
  const told = ({ kind, kindSource, schedule }: Checkpoint) => [kind, kindSource, schedule.predictionType];

  it('opens a Stable Diffusion 2.x file, which has one text layer more than is used', async () => {
    const checkpoint = await openCheckpoint(await sd21());
    expect(told(checkpoint)).toEqual(['sd2-v', 'recognised', 'v_prediction']);
    expect(checkpoint.unet.config).toMatchObject({ headCounts: [5, 10, 20, 20], useLinearProjection: true });
    expect(checkpoint.textEncoder.config).toMatchObject({
      layerCount: 24,
      headCount: 16,
      activation: 'gelu',
      outputLayer: 'penultimate',
    });
    expect(checkpoint.defaults.widthPx).toBe(768);
    expect(checkpoint.ignoredTensors).toEqual([]);
  });

  it("takes the user's kind before every other clue", async () => {
    const path = await sd21({ 'modelspec.prediction_type': 'v' });
    await writeFile(path.replace('.safetensors', '.yaml'), 'model:\n  params:\n    parameterization: "v"\n');
    const checkpoint = await openCheckpoint(path, { kind: 'sd2-base' });
    expect(told(checkpoint)).toEqual(['sd2-base', 'user', 'epsilon']);
    expect(checkpoint.defaults.widthPx).toBe(512);
  });

  it('takes an original configuration beside the file before its metadata', async () => {
    const path = await sd21({ 'modelspec.prediction_type': 'v' });
    const yaml =
      'model:\n  params:\n    linear_start: 0.00085\n    unet_config:\n      params:\n        num_head_channels: 32\n';
    await writeFile(path.replace('.safetensors', '.yaml'), yaml);
    const checkpoint = await openCheckpoint(path);
    expect(told(checkpoint)).toEqual(['sd2-base', 'config', 'epsilon']);
    expect(checkpoint.unet.config.headCounts).toEqual([10, 20, 40, 40]);
    await writeFile(path.replace('.safetensors', '.yaml'), 'model:\n  params:\n    parameterization: "w"\n');
    await expect(openCheckpoint(path)).rejects.toThrow(
      '"parameterization" is "w"; allowed: "eps" or "x0" or "v"',
    );
  });

  it('takes a JSON beside the file, unless it is a note of another program', async () => {
    const path = await sd21();
    const json = path.replace('.safetensors', '.json');
    await writeFile(json, '{"prediction_type": "epsilon"}');
    expect(told(await openCheckpoint(path))).toEqual(['sd2-base', 'config', 'epsilon']);
    await writeFile(json, '{"kind": "sd2-base"}');
    expect(told(await openCheckpoint(path))).toEqual(['sd2-base', 'config', 'epsilon']);
    await writeFile(json, '{"description": "nice", "sd version": "SD2"}');
    expect(told(await openCheckpoint(path))).toEqual(['sd2-v', 'recognised', 'v_prediction']);
  });

  it.each([
    [{ 'modelspec.prediction_type': 'epsilon' }, 'sd2-base'],
    [{ 'modelspec.architecture': 'stable-diffusion-v2-512' }, 'sd2-base'],
    [{ 'modelspec.architecture': 'stable-diffusion-v2-768-v' }, 'sd2-v'],
  ])("reads the file's own metadata %j", async (metadata, kind) => {
    const checkpoint = await openCheckpoint(await sd21(metadata));
    expect([checkpoint.kind, checkpoint.kindSource]).toEqual([kind, 'recognised']);
  });

  it('refuses a kind that the tensor names rule out', async () => {
    await expect(openCheckpoint(await sd21(), { kind: 'sd1' })).rejects.toMatchObject({
      code: 'MODEL_CONFIG_INVALID',
      message: expect.stringContaining('Allowed: sd2-base, sd2-v') as string,
    });
  });
});

describe('a single file with something amiss', () => {
  const configFolder = join(golden, 'tiny-sd15');
  const inFile = 'model.diffusion_model.';

  it('lists what is missing and what does not fit, by name and with what was expected', async () => {
    const whole = await assembleSingleFile('tiny-sd15', await temporaryFolder());
    const path = await edited(whole, (tensors) => {
      Reflect.deleteProperty(tensors, `${inFile}out.2.bias`);
      tensors[`${inFile}time_embed.0.weight`] = { dtype: 'F16', shape: [128, 33] };
      tensors[`${inFile}time_embed.2.weight`] = { dtype: 'I32', shape: [128, 128] };
    });
    const error = await openCheckpoint(path, { configFolder }).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code: 'MODEL_TENSORS_MISMATCH', details: { net: 'U-Net' } });
    const text = String(error);
    expect(text).toContain('1 of 684 tensors are missing, 2 have another shape or dtype');
    expect(text).toContain('conv_out.bias is missing (expected [4])');
    expect(text).toContain(`(${inFile}time_embed.0.weight in the file) is [128, 33] (expected [128, 32])`);
    expect(text).toContain('is I32 (expected F32, F16 or BF16)');
  });

  it('lists at most twelve and counts the rest', async () => {
    const whole = await assembleSingleFile('tiny-sd15', await temporaryFolder());
    const path = await edited(whole, (tensors) => {
      for (const name of Object.keys(tensors))
        if (name.includes('output_blocks.4.')) Reflect.deleteProperty(tensors, name);
    });
    await expect(openCheckpoint(path, { configFolder })).rejects.toThrow(/; and \d+ more\./);
  });

  it('opens with tensors that nobody needs, and names them', async () => {
    const whole = await assembleSingleFile('tiny-sd15', await temporaryFolder());
    const path = await edited(whole, (tensors) => {
      tensors['something.else'] = { dtype: 'F8_E4M3', shape: [3] };
      tensors[`${inFile}input_blocks.0.0.extra`] = { dtype: 'F16', shape: [1] };
      tensors['model_ema.diffusion_modelout2bias'] = { dtype: 'F32', shape: [4] };
    });
    const checkpoint = await openCheckpoint(path, { configFolder });
    expect(checkpoint.ignoredTensors).toEqual([`${inFile}input_blocks.0.0.extra`, 'something.else']);
    expect(checkpoint.knownExtraCount).toBe(7);
  });

  it('does not follow block numbers into the endless', async () => {
    const whole = await assembleSingleFile('tiny-sd15', await temporaryFolder());
    const path = await edited(whole, (tensors) => {
      for (const name of [
        'input_blocks.9999.0.op.weight',
        'output_blocks.99999999999.0.in_layers.0.weight',
      ]) {
        tensors[`${inFile}${name}`] = { dtype: 'F16', shape: [1] };
      }
    });
    expect((await openCheckpoint(path, { configFolder })).ignoredTensors).toHaveLength(2);
  });

  it('knows the names of early merging tools, without "text_model."', async () => {
    const whole = await assembleSingleFile('tiny-sd15', await temporaryFolder());
    const path = await edited(whole, (tensors) => {
      for (const [name, tensor] of Object.entries(tensors)) {
        Reflect.deleteProperty(tensors, name);
        tensors[name.replace('transformer.text_model.', 'transformer.')] = tensor;
      }
    });
    expect((await openCheckpoint(path, { configFolder })).ignoredTensors).toEqual([]);
  });

  it('refuses a text encoder of another kind', async () => {
    const whole = await assembleSingleFile('tiny-sd15', await temporaryFolder());
    const path = await edited(whole, (tensors) => {
      for (const name of Object.keys(tensors))
        if (name.startsWith('cond_stage')) Reflect.deleteProperty(tensors, name);
      tensors['cond_stage_model.roberta.embeddings.weight'] = { dtype: 'F16', shape: [3] };
    });
    await expect(openCheckpoint(path, { configFolder })).rejects.toMatchObject({
      code: 'MODEL_KIND_UNSUPPORTED',
    });
  });

  it('knows the marks of fine-tunes that predict velocity', async () => {
    const real = join(await temporaryFolder(), 'real.safetensors');
    await writeRealSingleFile('sd15', real);
    const path = await edited(real, (tensors) => {
      tensors['v_pred'] = { dtype: 'F32', shape: [0] };
      tensors['ztsnr'] = { dtype: 'F32', shape: [0] };
    });
    const { kind, schedule, ignoredTensors } = await openCheckpoint(path);
    expect([kind, schedule.predictionType, schedule.rescaleBetasZeroSnr]).toEqual([
      'sd1',
      'v_prediction',
      true,
    ]);
    expect(ignoredTensors).toEqual([]);
  });
});

describe('where a single file lies', () => {
  it('takes the folder of the same name beside it as its configuration', async () => {
    const path = await assembleSingleFile('tiny-sd21', await temporaryFolder());
    await mkdir(join(dirname(path), 'tiny-sd21'));
    for (const part of ['unet', 'text_encoder', 'scheduler']) {
      const name = part === 'scheduler' ? 'scheduler_config.json' : 'config.json';
      await cp(join(golden, 'tiny-sd21', part, name), join(dirname(path), 'tiny-sd21', part, name));
    }
    const checkpoint = await openCheckpoint(path);
    expect([checkpoint.kind, checkpoint.kindSource]).toEqual(['sd2-v', 'config']);
    expect(checkpoint.unet.config.headCounts).toEqual([2, 4, 8, 8]);
    expect(checkpoint.textEncoder.config).toMatchObject({ layerCount: 3, outputLayer: 'last' });
  });

  it('gives the real folder and name of a linked file, as the runtime needs', async () => {
    const folder = await temporaryFolder();
    const path = await assembleSingleFile('tiny-sd15', folder);
    await mkdir(join(folder, 'blobs'));
    await rename(path, join(folder, 'blobs', 'c0ffee'));
    await symlink(join('blobs', 'c0ffee'), path);
    const { unet } = await openCheckpoint(path, { configFolder: join(golden, 'tiny-sd15') });
    expect(unet.folder.endsWith('blobs')).toBe(true);
    expect(unet.weights.get('conv_in.weight')?.file).toBe('c0ffee');
  });

  it('refuses a configuration folder without any configuration', async () => {
    const path = await assembleSingleFile('tiny-sd15', await temporaryFolder());
    await expect(openCheckpoint(path, { configFolder: join(golden, 'tome') })).rejects.toMatchObject({
      code: 'MODEL_CONFIG_INVALID',
    });
  });
});
