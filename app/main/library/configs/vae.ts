import type { VaeConfig } from '#kernels/nets/configs.ts';
import type { JsonObject } from '../files.ts';
import { Fields, limits } from './fields.ts';

/** What the latents of Stable Diffusion 1.x and 2.x are scaled by: CompVis/stable-diffusion@21f890f, configs/stable-diffusion/v1-inference.yaml. */
export const LATENT_SCALE = 0.18215;
export const scaleRange = { min: 1e-6, max: 1e6 } as const;

/** diffusers' AutoencoderKL configuration → ours (defaults: diffusers v0.35.1, models/autoencoders/autoencoder_kl.py). */
export function parseVaeConfig(path: string, values: JsonObject): VaeConfig {
  const fields = new Fields(path, values);
  fields.supports('act_fn', 'silu', 'swish');
  fields.supports('down_block_types', 'DownEncoderBlock2D');
  fields.supports('up_block_types', 'UpDecoderBlock2D');
  fields.supports('shift_factor', 0);
  fields.supports('latents_mean');
  fields.supports('latents_std');
  const config: VaeConfig = {
    inChannels: fields.integer('in_channels', limits.imageChannels, 3),
    outChannels: fields.integer('out_channels', limits.imageChannels, 3),
    latentChannels: fields.integer('latent_channels', limits.imageChannels, 4),
    blockOutChannels: fields.integers('block_out_channels', limits.channels),
    layersPerBlock: fields.integer('layers_per_block', limits.layers, 1),
    normNumGroups: fields.integer('norm_num_groups', limits.channels, 32),
    midBlockAttention: fields.boolean('mid_block_add_attention', true),
    useQuantConv: fields.boolean('use_quant_conv', true),
    usePostQuantConv: fields.boolean('use_post_quant_conv', true),
    scalingFactor: fields.number('scaling_factor', scaleRange, LATENT_SCALE),
  };
  for (const channels of config.blockOutChannels) {
    if (channels % config.normNumGroups !== 0) {
      fields.note(
        `a level has ${channels} channels, which ${config.normNumGroups} norm groups do not divide`,
      );
    }
  }
  fields.finish();
  return config;
}
