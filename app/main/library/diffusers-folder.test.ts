import { cp, mkdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readLayout, writeRealFolder } from '#tests/real-layouts.ts';
import { writeSafetensors, type WrittenTensor } from '#tests/safetensors-file.ts';
import { temporaryFolder } from '#tests/temporary.ts';
import { openCheckpoint } from './checkpoint.ts';
import { readSafetensorsHeader } from './safetensors.ts';

const golden = join(import.meta.dirname, '..', '..', '..', 'tests', 'golden');
const unetFile = join('unet', 'diffusion_pytorch_model.safetensors');

/** A copy of the tiny golden model, to be spoilt. */
async function copy(name = 'tiny-sd15'): Promise<string> {
  const folder = join(await temporaryFolder(), name);
  await cp(join(golden, name), folder, {
    recursive: true,
    filter: (path) => !path.endsWith('io.safetensors'),
  });
  return folder;
}

async function editJson(path: string, changes: Record<string, unknown>): Promise<void> {
  const values = JSON.parse(await readFile(path, 'utf8')) as Record<string, unknown>;
  await writeFile(path, JSON.stringify({ ...values, ...changes }));
}

async function tensorsOf(path: string): Promise<Record<string, WrittenTensor>> {
  const { tensors } = await readSafetensorsHeader(path);
  return Object.fromEntries([...tensors].map(([name, { dtype, shape }]) => [name, { dtype, shape }]));
}

async function refusal(path: string): Promise<Error & { code?: string }> {
  const error = await openCheckpoint(path).catch((caught: unknown) => caught);
  if (error instanceof Error) return error;
  throw new Error('it was opened');
}

describe('a diffusers folder', () => {
  it('opens as Stable Diffusion 1.x', async () => {
    const checkpoint = await openCheckpoint(join(golden, 'tiny-sd15'));
    expect(checkpoint).toMatchObject({
      layout: 'diffusers',
      kind: 'sd1',
      kindSource: 'config',
      ignoredTensors: [],
    });
    expect(checkpoint.unet.config.headCounts).toEqual([8, 8, 8, 8]);
    expect(checkpoint.schedule).toEqual({
      trainTimesteps: 1000,
      betaStart: 0.00085,
      betaEnd: 0.012,
      betaSchedule: 'scaled_linear',
      predictionType: 'epsilon',
      timestepSpacing: 'leading',
      stepsOffset: 1,
      setAlphaToOne: false,
      rescaleBetasZeroSnr: false,
    });
    expect(checkpoint.defaults).toMatchObject({ widthPx: 128, heightPx: 128, scheduler: 'ddim' });
    expect(checkpoint.tokenizer.vocabPath.endsWith(join('clip-bpe', 'vocab.json'))).toBe(true);
  });

  it('opens as Stable Diffusion 2.x that predicts velocity, unless the user says otherwise', async () => {
    const path = join(golden, 'tiny-sd21');
    const asFound = await openCheckpoint(path);
    expect(asFound).toMatchObject({ kind: 'sd2-v', kindSource: 'config' });
    expect(asFound.unet.config.headCounts).toEqual([2, 4, 8, 8]);
    const chosen = await openCheckpoint(path, { kind: 'sd2-base' });
    expect(chosen).toMatchObject({ kind: 'sd2-base', kindSource: 'user' });
    expect(chosen.schedule.predictionType).toBe('epsilon');
  });

  it.each(['sd15', 'sd21'] as const)(
    'opens the real layout of %s, every tensor in its shape',
    async (model) => {
      const folder = join(await temporaryFolder(), model);
      await writeRealFolder(model, folder);
      const checkpoint = await openCheckpoint(folder);
      expect([...checkpoint.unet.weights.names()].sort()).toEqual(
        Object.keys((await readLayout(model, 'unet')).tensors).sort(),
      );
      expect([...checkpoint.vae.weights.names()].sort()).toEqual(
        Object.keys((await readLayout(model, 'vae')).tensors).sort(),
      );
      expect(checkpoint.ignoredTensors).toEqual([]);
      expect(checkpoint.defaults.widthPx).toBe(model === 'sd15' ? 512 : 768);
    },
  );

  it('uses the half-precision variant when the plain file is absent', async () => {
    const folder = await copy();
    const variant = unetFile.replace('.safetensors', '.fp16.safetensors');
    await rename(join(folder, unetFile), join(folder, variant));
    const { unet } = await openCheckpoint(folder);
    expect(unet.weights.get('conv_in.weight')?.file).toBe('diffusion_pytorch_model.fp16.safetensors');
  });

  it('follows links to where the weights really lie', async () => {
    const folder = await copy();
    await mkdir(join(folder, 'blobs'));
    await rename(join(folder, unetFile), join(folder, 'blobs', 'abc'));
    await symlink(join('..', 'blobs', 'abc'), join(folder, unetFile));
    const { unet } = await openCheckpoint(folder);
    expect([unet.folder.endsWith('blobs'), unet.weights.get('conv_in.weight')?.file]).toEqual([true, 'abc']);
  });

  it('reads the attention names of old VAE files', async () => {
    const folder = await copy();
    const path = join(folder, 'vae', 'diffusion_pytorch_model.safetensors');
    const renames = { to_q: 'query', to_k: 'key', to_v: 'value', 'to_out.0': 'proj_attn' };
    const tensors = Object.entries(await tensorsOf(path)).map(([name, tensor]) => {
      const old = Object.entries(renames).find(([now]) => name.includes(`attentions.0.${now}.`));
      return [old === undefined ? name : name.replace(`.${old[0]}.`, `.${old[1]}.`), tensor] as const;
    });
    await writeSafetensors(path, Object.fromEntries(tensors));
    expect((await openCheckpoint(folder)).ignoredTensors).toEqual([]);
  });

  it('uses the tokenizer that came with it', async () => {
    const folder = await copy();
    await mkdir(join(folder, 'tokenizer'));
    await writeFile(join(folder, 'tokenizer', 'vocab.json'), '{}');
    await writeFile(join(folder, 'tokenizer', 'merges.txt'), '');
    expect((await openCheckpoint(folder)).tokenizer.mergesPath).toBe(join(folder, 'tokenizer', 'merges.txt'));
  });
});

describe('weights in several files', () => {
  async function sharded(change: (map: Record<string, string>) => void = () => undefined): Promise<string> {
    const folder = await copy();
    const tensors = Object.entries(await tensorsOf(join(folder, unetFile)));
    const half = Math.floor(tensors.length / 2);
    const shards = { 'a.safetensors': tensors.slice(0, half), 'b.safetensors': tensors.slice(half) };
    const map: Record<string, string> = {};
    for (const [shard, part] of Object.entries(shards)) {
      await writeSafetensors(join(folder, 'unet', shard), Object.fromEntries(part));
      for (const [name] of part) map[name] = shard;
    }
    await rm(join(folder, unetFile));
    change(map);
    const index = { metadata: { total_size: 1 }, weight_map: map };
    await writeFile(join(folder, `${unetFile}.index.json`), JSON.stringify(index));
    return folder;
  }

  it('open as one net', async () => {
    const { unet, sizeBytes } = await openCheckpoint(await sharded());
    const files = new Set([...unet.weights.names()].map((name) => unet.weights.get(name)?.file));
    expect([...files].sort()).toEqual(['a.safetensors', 'b.safetensors']);
    expect(sizeBytes).toBeGreaterThan(11e6);
  });

  it.each([
    '../../etc/passwd.safetensors',
    '/a.safetensors',
    'sub/a.safetensors',
    '..\\a.safetensors',
    'a.bin',
  ])('are refused when the index points to %s', async (shard) => {
    const error = await refusal(await sharded((map) => Object.assign(map, { 'conv_in.bias': shard })));
    expect(error).toMatchObject({ code: 'MODEL_CONFIG_INVALID' });
    expect(error.message).toContain('conv_in.bias');
  });

  it('are refused when a file of the index is absent', async () => {
    const error = await refusal(
      await sharded((map) => Object.assign(map, { 'conv_in.bias': 'c.safetensors' })),
    );
    expect(error).toMatchObject({ code: 'MODEL_UNREADABLE' });
    expect(error.message).toContain('c.safetensors');
  });

  it('are refused when a file that the index names is absent', async () => {
    const error = await refusal(
      await sharded((map) => Object.assign(map, { 'conv_in.bias': 'c.safetensors' })),
    );
    expect(error).toMatchObject({ code: 'MODEL_UNREADABLE' });
    expect(error.message).toContain('c.safetensors');
  });

  it('are refused when the index names a file without the tensor', async () => {
    const folder = await sharded((map) => Object.assign(map, { 'conv_in.bias': 'b.safetensors' }));
    const error = await refusal(folder);
    expect(error.message).toMatch(/conv_in\.bias is missing/);
  });
});

describe('a folder that cannot be used', () => {
  it('tells the nearest names when the path does not exist', async () => {
    const error = await refusal(join(golden, 'tiny-sd51'));
    expect(error).toMatchObject({ code: 'MODEL_NOT_FOUND' });
    expect(error.message).toContain(join(golden, 'tiny-sd15'));
    expect((await refusal(join(golden, 'nowhere', 'model'))).message).toContain('does not exist either');
  });

  it.each([
    [() => golden, 'tiny-sd15, tiny-sd21'],
    [() => join(golden, 'tiny-sd15', 'unet'), 'It is the part "unet"'],
    [() => join(golden, 'tome'), 'even_2x2.safetensors'],
    [temporaryFolder, 'Open a folder in diffusers layout'],
  ])('says what a folder without model_index.json is (%#)', async (folder, found) => {
    const error = await refusal(await folder());
    expect(error).toMatchObject({ code: 'MODEL_NOT_A_CHECKPOINT' });
    expect(error.message).toContain(found);
  });

  it.each([
    [
      {
        _class_name: 'StableDiffusionXLPipeline',
        text_encoder_2: ['transformers', 'CLIPTextModelWithProjection'],
      },
      'XL',
    ],
    [
      { _class_name: 'FluxPipeline', unet: undefined, transformer: ['diffusers', 'FluxTransformer2DModel'] },
      'FLUX',
    ],
    [{ vae: ['diffusers', 'AutoencoderTiny'] }, '"vae" is AutoencoderTiny (supported: AutoencoderKL)'],
  ])('refuses another family by its parts: %j', async (index, found) => {
    const folder = await copy();
    await editJson(join(folder, 'model_index.json'), index);
    const error = await refusal(folder);
    expect(error).toMatchObject({ code: 'MODEL_KIND_UNSUPPORTED' });
    expect(error.message).toContain(found);
  });

  it('names a configuration that is missing or broken', async () => {
    const folder = await copy();
    await writeFile(join(folder, 'vae', 'config.json'), '{"act_fn": ');
    expect(await refusal(folder)).toMatchObject({ code: 'MODEL_CONFIG_INVALID' });
    await rm(join(folder, 'vae', 'config.json'));
    expect((await refusal(folder)).message).toContain(`${join('vae', 'config.json')} is missing`);
  });

  it('refuses weights that are only there as a pickle, with the reason', async () => {
    const folder = await copy();
    await rm(join(folder, unetFile));
    expect(await refusal(folder)).toMatchObject({ code: 'MODEL_NOT_A_CHECKPOINT' });
    await writeFile(join(folder, 'unet', 'diffusion_pytorch_model.bin'), 'x');
    const error = await refusal(folder);
    expect(error).toMatchObject({ code: 'MODEL_FORMAT_REFUSED' });
    expect(error.message).toContain('run any program');
  });

  it('lists tensors that do not fit the configuration, and weights that are damaged', async () => {
    const folder = await copy();
    await editJson(join(folder, 'unet', 'config.json'), { block_out_channels: [32, 32, 64, 128] });
    expect((await refusal(folder)).message).toMatch(/expected \[128, 128, 3, 3\]/);
    await writeFile(join(folder, unetFile), 'version https://git-lfs.github.com/spec/v1\n');
    expect(await refusal(folder)).toMatchObject({ code: 'MODEL_FORMAT_REFUSED' });
  });

  it('refuses parts of different models', async () => {
    const folder = await copy();
    await cp(join(golden, 'tiny-sd21', 'text_encoder'), join(folder, 'text_encoder'), {
      recursive: true,
      force: true,
    });
    expect((await refusal(folder)).message).toContain(
      'expects text of 32 channels, the text encoder gives 40',
    );
  });
});
