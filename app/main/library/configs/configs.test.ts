import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readLayout } from '#tests/real-layouts.ts';
import type { JsonObject } from '../files.ts';
import { parseScheduleConfig } from './schedule.ts';
import { parseTextConfig } from './text.ts';
import { parseUnetConfig } from './unet.ts';
import { parseVaeConfig } from './vae.ts';

const golden = join(import.meta.dirname, '..', '..', '..', '..', 'tests', 'golden', 'tiny-sd15');

async function config(...path: string[]): Promise<JsonObject> {
  return JSON.parse(await readFile(join(golden, ...path), 'utf8')) as JsonObject;
}

function problem(parse: () => unknown): { code: string; message: string } {
  try {
    parse();
  } catch (error) {
    if (error instanceof Error && 'code' in error)
      return { code: String(error.code), message: error.message };
  }
  throw new Error('it was accepted');
}

describe('the U-Net configuration', () => {
  const parse = async (changes: JsonObject) => {
    const values = { ...(await config('unet', 'config.json')), ...changes };
    return () => parseUnetConfig('unet/config.json', values);
  };

  it('takes attention_head_dim for the number of heads, as diffusers does', async () => {
    expect((await parse({ attention_head_dim: 4 }))().headCounts).toEqual([4, 4, 4, 4]);
    expect((await parse({ attention_head_dim: [1, 2, 4, 8] }))().headCounts).toEqual([1, 2, 4, 8]);
    expect((await parse({ attention_head_dim: 64, num_attention_heads: 2 }))().headCounts).toEqual([
      2, 2, 2, 2,
    ]);
  });

  it('takes lists that say the same for every level', async () => {
    const read = (
      await parse({ layers_per_block: [2, 2, 2, 2], transformer_layers_per_block: [1, 1, 1, 1] })
    )();
    expect(read.layersPerBlock).toBe(2);
  });

  it('fills absent keys with the defaults of diffusers', async () => {
    const { config: sd21 } = await readLayout('sd21', 'unet');
    const read = parseUnetConfig('config.json', sd21);
    expect(read).toMatchObject({ normNumGroups: 32, normEps: 1e-5, flipSinToCos: true, freqShift: 0 });
    expect(read).toMatchObject({
      headCounts: [5, 10, 20, 20],
      useLinearProjection: true,
      crossAttentionDim: 1024,
    });
  });

  it.each([
    [
      { time_embedding_type: 'fourier' },
      '"time_embedding_type" is "fourier"; allowed: absent or "positional"',
    ],
    [
      { down_block_types: ['AttnDownBlock2D', 'DownBlock2D', 'DownBlock2D', 'DownBlock2D'] },
      'AttnDownBlock2D',
    ],
    [{ class_embed_type: 'timestep' }, '"class_embed_type" is "timestep"; allowed: absent'],
    [{ transformer_layers_per_block: [1, 2, 10, 10] }, '"transformer_layers_per_block" is [1, 2, 10, 10]'],
    [{ only_cross_attention: [true, true, true, false] }, '"only_cross_attention"'],
    [{ block_out_channels: [] }, '"block_out_channels" is []'],
    [
      { block_out_channels: [32, 32, 64] },
      '"down_block_types" has 4 entries, but "block_out_channels" has 3',
    ],
    [{ block_out_channels: [32, 32, 64, 1e12] }, '"block_out_channels"'],
    [{ block_out_channels: [32, 32, 64, 65] }, '65 channels, which 32 norm groups do not divide'],
    [{ attention_head_dim: 3 }, 'which 3 attention heads do not divide'],
    [{ attention_head_dim: [8, 8] }, '"attention_head_dim" is [8, 8]'],
    [{ cross_attention_dim: 'wide' }, '"cross_attention_dim" is "wide"'],
    [{ layers_per_block: [1, 2, 2, 2] }, '"layers_per_block" differs between levels'],
    [{ norm_eps: 0 }, '"norm_eps" is 0'],
    [{ flip_sin_to_cos: 'yes' }, '"flip_sin_to_cos" is "yes"; allowed: true or false'],
  ])('names what it does not support: %j', async (changes, found) => {
    const { code, message } = problem(await parse(changes));
    expect(code).toBe('MODEL_CONFIG_INVALID');
    expect(message).toContain('unet/config.json');
    expect(message).toContain(found);
  });

  it('survives a value nested without end', async () => {
    const deep = JSON.parse(`${'['.repeat(100_000)}${']'.repeat(100_000)}`) as unknown;
    expect(problem(await parse({ act_fn: deep })).message).toContain('"act_fn" is [[…]]');
  });

  it('names every problem at once', async () => {
    const { message } = problem(await parse({ act_fn: 'gelu', mid_block_type: 'UNetMidBlock2D' }));
    expect(message).toContain('"act_fn"');
    expect(message).toContain('"mid_block_type"');
  });

  it.each([
    [{ addition_embed_type: 'text_time' }, 'Stable Diffusion XL'],
    [{ in_channels: 9 }, 'inpainting'],
    [{ time_cond_proj_dim: 256 }, 'latent consistency'],
  ])('knows other families: %j', async (changes, found) => {
    const { code, message } = problem(await parse(changes));
    expect(code).toBe('MODEL_KIND_UNSUPPORTED');
    expect(message).toContain(found);
  });

  it('knows the real SDXL', async () => {
    const { config: sdxl } = await readLayout('sdxl', 'unet');
    expect(problem(() => parseUnetConfig('config.json', sdxl)).code).toBe('MODEL_KIND_UNSUPPORTED');
  });
});

describe('the configurations of the other parts', () => {
  it('are read for the text encoder', async () => {
    const values = await config('text_encoder', 'config.json');
    expect(parseTextConfig('config.json', values)).toEqual({
      vocabSize: 49408,
      hiddenSize: 32,
      intermediateSize: 64,
      layerCount: 3,
      headCount: 4,
      maxPositions: 77,
      activation: 'quick_gelu',
      layerNormEps: 1e-5,
      outputLayer: 'last',
    });
    const wrong = { ...values, hidden_act: 'relu', num_attention_heads: 5, model_type: 't5' };
    const { message } = problem(() => parseTextConfig('config.json', wrong));
    for (const found of [
      '"hidden_act" is "relu"',
      '5 attention heads do not divide',
      '"model_type" is "t5"',
    ]) {
      expect(message).toContain(found);
    }
  });

  it('are read for the VAE', async () => {
    const values = await config('vae', 'config.json');
    expect(parseVaeConfig('config.json', values)).toMatchObject({
      scalingFactor: 0.18215,
      midBlockAttention: true,
    });
    const { message } = problem(() =>
      parseVaeConfig('config.json', {
        ...values,
        latents_mean: [0.1],
        shift_factor: 0.1,
        norm_num_groups: 7,
      }),
    );
    for (const found of ['"latents_mean"', '"shift_factor" is 0.1', '7 norm groups do not divide']) {
      expect(message).toContain(found);
    }
  });
});

describe('the scheduler configuration', () => {
  it('leaves the spacing to each sampler when the file does', () => {
    const { schedule, schedulerName } = parseScheduleConfig('c.json', { _class_name: 'PNDMScheduler' });
    expect(schedulerName).toBe('pndm');
    expect('timestepSpacing' in schedule).toBe(false);
    expect(schedule.setAlphaToOne).toBe(false);
    expect(schedule).toMatchObject({ betaSchedule: 'linear', betaStart: 0.0001, predictionType: 'epsilon' });
  });

  it.each([
    [{ _class_name: 'DPMSolverMultistepScheduler' }, 'dpmpp_2m'],
    [{ _class_name: 'DPMSolverMultistepScheduler', use_karras_sigmas: true }, 'dpmpp_2m_karras'],
    [{ _class_name: 'DPMSolverMultistepScheduler', algorithm_type: 'sde-dpmsolver++' }, 'dpmpp_2m_sde'],
    [{ _class_name: 'EulerDiscreteScheduler' }, 'euler'],
    [{ _class_name: 'EulerDiscreteScheduler', use_karras_sigmas: true }, 'euler_karras'],
    [{ _class_name: 'EulerAncestralDiscreteScheduler' }, 'euler_a'],
    [{ _class_name: 'HeunDiscreteScheduler' }, 'heun'],
    [{ _class_name: 'UniPCMultistepScheduler' }, 'unipc'],
    [{ _class_name: 'LCMScheduler' }, 'lcm'],
    [{ _class_name: 'DEISMultistepScheduler' }, undefined],
  ])('finds our sampler for %j', (values, name) => {
    expect(parseScheduleConfig('c.json', values).schedulerName).toBe(name);
  });

  it.each([
    [{ beta_schedule: 'exp' }, '"beta_schedule" is "exp"'],
    [{ trained_betas: [0.1] }, '"trained_betas"'],
    [{ prediction_type: 'flow' }, '"prediction_type" is "flow"'],
    [{ num_train_timesteps: 0 }, '"num_train_timesteps" is 0'],
    [{ timestep_spacing: 'even' }, '"timestep_spacing" is "even"'],
  ])('names what it does not support: %j', (values, found) => {
    expect(problem(() => parseScheduleConfig('c.json', values)).message).toContain(found);
  });
});
