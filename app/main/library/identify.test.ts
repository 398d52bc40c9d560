import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readLayout } from '#tests/real-layouts.ts';
import { writeSafetensors } from '#tests/safetensors-file.ts';
import { temporaryFolder } from '#tests/temporary.ts';
import { openCheckpoint } from './checkpoint.ts';

/** What is said about a single file with these tensor names; every tensor is [4, 4] unless a shape is given. */
async function refusal(
  names: readonly string[],
  shapes: Record<string, readonly number[]> = {},
): Promise<unknown> {
  const path = join(await temporaryFolder(), 'model.safetensors');
  const tensors = names.map((name) => [name, { dtype: 'F16', shape: shapes[name] ?? [4, 4] }] as const);
  await writeSafetensors(path, Object.fromEntries(tensors));
  return openCheckpoint(path).catch((caught: unknown) => caught);
}

const unet = ['model.diffusion_model.input_blocks.0.0.weight', 'model.diffusion_model.out.2.weight'];
const vae = [
  'first_stage_model.encoder.down.0.block.0.conv1.weight',
  'first_stage_model.decoder.conv_out.weight',
];
const text = ['cond_stage_model.transformer.text_model.embeddings.token_embedding.weight'];

describe('a safetensors file that is no checkpoint of Stable Diffusion 1.x or 2.x', () => {
  it.each([
    ['a LoRA (kohya)', ['lora_unet_down_blocks_0_attentions_0_proj_in.lora_down.weight'], 'a LoRA'],
    ['a LoRA (diffusers)', ['unet.down_blocks.0.attentions.0.to_q.lora_A.weight'], 'a LoRA'],
    [
      'a LoRA (peft)',
      ['base_model.model.text_model.encoder.layers.0.self_attn.q_proj.lora_B.weight'],
      'a LoRA',
    ],
    ['a LoRA (old diffusers)', ['down_blocks.0.attentions.0.processor.to_q_lora.up.weight'], 'a LoRA'],
    ['a LyCORIS', ['foo.hada_w1_a', 'foo.hada_w1_b'].map((name) => name.replace('_a', '')), 'a LoRA'],
    ['a textual inversion', ['emb_params'], 'a textual inversion'],
    ['a ControlNet', ['control_model.input_blocks.0.0.weight'], 'a ControlNet'],
    [
      'a ControlNet (diffusers)',
      ['controlnet_cond_embedding.conv_in.weight', 'down_blocks.0.resnets.0.conv1.weight'],
      'a ControlNet',
    ],
    [
      'a VAE alone',
      ['encoder.down.0.block.0.conv1.weight', 'decoder.mid.block_1.conv1.weight'],
      'a VAE alone',
    ],
    ['a VAE alone (diffusers)', ['decoder.up_blocks.0.resnets.0.conv1.weight'], 'a VAE alone'],
    ['a text encoder alone', ['text_model.encoder.layers.0.mlp.fc1.weight'], 'a text encoder alone'],
    ['a U-Net alone', unet, 'a U-Net alone: a checkpoint also has a VAE and a text encoder'],
    ['a U-Net alone (diffusers)', ['down_blocks.0.resnets.0.conv1.weight'], 'a U-Net alone'],
    ['a checkpoint without its text encoder', [...unet, ...vae], 'a U-Net with a VAE'],
    ['something else', ['layers.0.weight'], 'no Stable Diffusion checkpoint'],
    ['nothing', [], 'it holds no tensors'],
  ])('is recognised: %s', async (_what, names, found) => {
    const error = await refusal(names);
    expect(error).toMatchObject({ name: 'ModelError', code: 'MODEL_NOT_A_CHECKPOINT' });
    expect(String(error)).toContain(found);
  });

  it.each([
    ['SDXL', [...unet, ...vae, 'conditioner.embedders.0.transformer.text_model.final_layer_norm.bias'], 'XL'],
    ['SDXL U-Net', [...unet, 'model.diffusion_model.label_emb.0.0.weight'], 'XL'],
    ['SD 3', ['model.diffusion_model.joint_blocks.0.context_block.attn.qkv.weight'], 'Stable Diffusion 3'],
    ['FLUX', ['double_blocks.0.img_attn.qkv.weight'], 'FLUX'],
    ['FLUX with its prefix', ['model.diffusion_model.double_blocks.0.img_attn.qkv.weight'], 'FLUX'],
    [
      'unCLIP',
      [...unet, ...vae, ...text, 'noise_augmentor.betas', 'model.diffusion_model.label_emb.0.0.weight'],
      'unCLIP',
    ],
  ])('is another family: %s', async (_what, names, found) => {
    const error = await refusal(names);
    expect(error).toMatchObject({ code: 'MODEL_KIND_UNSUPPORTED' });
    expect(String(error)).toContain(found);
  });

  it.each([
    [9, 'inpainting'],
    [8, 'InstructPix2Pix'],
    [5, 'depth'],
  ])('takes other input: %i channels', async (channels, found) => {
    const error = await refusal([...unet, ...vae, ...text], {
      'model.diffusion_model.input_blocks.0.0.weight': [320, channels, 3, 3],
    });
    expect(error).toMatchObject({ code: 'MODEL_KIND_UNSUPPORTED' });
    expect(String(error)).toContain(found);
  });

  it('is the real U-Net of SDXL', async () => {
    const { tensors } = await readLayout('sdxl', 'unet');
    expect(String(await refusal(Object.keys(tensors), tensors))).toContain('Stable Diffusion XL');
  });

  it('has the names of a checkpoint but lacks most of it', async () => {
    const error = await refusal([...unet, ...vae, ...text]);
    expect(error).toMatchObject({ code: 'MODEL_TENSORS_MISMATCH' });
    expect(String(error)).toContain('is not whole: it has no blocks with cross-attention');
  });
});
