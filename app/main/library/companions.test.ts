import { cp, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '#tests/temporary.ts';
import { openCheckpoint } from './checkpoint.ts';
import { inspectCheckpoint } from './inspect.ts';
import { readYamlScalars } from './ldm-yaml.ts';
import { embeddedModelPath, resolveModel } from './models.ts';
import { nearest } from './suggestions.ts';

const tiny = join(import.meta.dirname, '..', '..', '..', 'tests', 'golden', 'tiny-sd15');

async function withFile(name: string, text: string): Promise<string> {
  const folder = join(await temporaryFolder(), 'model');
  await cp(tiny, folder, { recursive: true, filter: (path) => !path.endsWith('io.safetensors') });
  await writeFile(join(folder, name), text);
  return folder;
}

describe('defaults.json of a model', () => {
  it('comes before what the configuration suggests', async () => {
    const folder = await withFile(
      'defaults.json',
      '{"width": 256, "height": 320, "guidance": 3, "scheduler": "euler"}',
    );
    expect((await openCheckpoint(folder)).defaults).toEqual({
      widthPx: 256,
      heightPx: 320,
      steps: 20,
      guidanceScale: 3,
      scheduler: 'euler',
    });
  });

  it.each(['{"width": 250}', '{"steps": 0}', '{"scheduler": "magic"}', '{"guidance": "much"}'])(
    'is refused with what is allowed when it says %s',
    async (text) => {
      await expect(openCheckpoint(await withFile('defaults.json', text))).rejects.toMatchObject({
        code: 'MODEL_CONFIG_INVALID',
        message: expect.stringContaining('Allowed: width and height 64 to 2048 in steps of 8') as string,
      });
    },
  );
});

describe('vocabulary.json of a model', () => {
  it('becomes one list of words, however they are grouped', async () => {
    const folder = await withFile(
      'vocabulary.json',
      '{"time": ["dawn", "night"], "objects": {"sky": ["moon", "dawn"]}}',
    );
    expect((await openCheckpoint(folder)).vocabulary).toEqual(['dawn', 'night', 'moon']);
  });

  it('may be absent', async () => {
    expect('vocabulary' in (await openCheckpoint(tiny))).toBe(false);
  });
});

describe('the summary of a checkpoint', () => {
  it('is plain JSON with sizes, dtypes and how the kind was found', async () => {
    const summary = await inspectCheckpoint(tiny);
    expect(JSON.parse(JSON.stringify(summary))).toEqual(summary);
    expect(summary).toMatchObject({
      layout: 'diffusers',
      kind: 'sd1',
      kindSource: 'config',
      knownExtraCount: 1,
    });
    expect(summary.kindReason).toContain('CLIP');
    expect(summary.parts.unet).toMatchObject({
      files: ['diffusion_pytorch_model.safetensors'],
      dtypes: { F16: 684 },
      tensorCount: 684,
    });
    expect(summary.parts.unet.sizeBytes).toBe(summary.parts.unet.parameterCount * 2);
    const { unet, textEncoder, vae } = summary.parts;
    expect(summary.parameterCount).toBe(
      unet.parameterCount + textEncoder.parameterCount + vae.parameterCount,
    );
  });
});

describe('a model by its name', () => {
  it('is the embedded one for "demo" and for nothing', () => {
    expect(isAbsolute(embeddedModelPath())).toBe(true);
    expect(embeddedModelPath().endsWith(join('models', 'demo'))).toBe(true);
    expect([resolveModel(undefined), resolveModel('demo')]).toEqual([
      embeddedModelPath(),
      embeddedModelPath(),
    ]);
  });

  it('is a path otherwise', () => {
    expect(resolveModel('./demo')).toBe(resolve('demo'));
    expect(resolveModel('~/x.safetensors')).toBe(join(homedir(), 'x.safetensors'));
  });
});

describe('the nearest names', () => {
  it('come first, extensions and case aside', () => {
    const names = [
      'v1-5-pruned.safetensors',
      'v2-1.safetensors',
      'notes.safetensors',
      'V1-5-Prunde.safetensors',
    ];
    expect(nearest('v1-5-pruned', names)[0]).toBe('v1-5-pruned.safetensors');
    expect(nearest('v1-5-pruned.ckpt', names)).toEqual([
      'v1-5-pruned.safetensors',
      'V1-5-Prunde.safetensors',
    ]);
    expect(nearest('zzzzzz', names)).toEqual([]);
  });
});

describe('an original configuration (YAML)', () => {
  it('is read as far as keys and scalars go', () => {
    const scalars = readYamlScalars(
      [
        'model:',
        '  target: ldm.models.diffusion.ddpm.LatentDiffusion # what',
        '  params:',
        '    parameterization: "v" # velocity',
        "    name: 'a # b'",
        '    list: [1, 2]',
        '    items:',
        '    - 4',
        '    unet_config:',
        '      params:',
        '        num_heads: 8',
        '    scale_factor: 0.18215',
        'other: 1',
      ].join('\r\n'),
    );
    expect(Object.fromEntries(scalars)).toEqual({
      'model.target': 'ldm.models.diffusion.ddpm.LatentDiffusion',
      'model.params.parameterization': 'v',
      'model.params.name': 'a # b',
      'model.params.list': '[1, 2]',
      'model.params.unet_config.params.num_heads': '8',
      'model.params.scale_factor': '0.18215',
      other: '1',
    });
  });
});
