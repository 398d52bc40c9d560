import { GraphBuilder, type Value } from '../graph/builder.ts';
import { cpuTarget, type GraphTarget } from '../graph/target.ts';
import { add, cast, silu } from '../graph/ops/math.ts';
import { attention, diffusersProjections } from '../nn/attention.ts';
import { convOf, downsampleAsymmetric, upsample } from '../nn/conv.ts';
import { Level } from '../nn/level.ts';
import { groupNorm } from '../nn/norm.ts';
import { resnetBlock } from '../nn/resnet-block.ts';
import { imageToRows, rowsToImage } from '../nn/tokens.ts';
import type { WeightSource } from '../onnx/weights.ts';
import type { VaeConfig } from './configs.ts';

/** diffusers fixes this for the whole VAE. */
export const NORM_EPSILON = 1e-6;

export const vaeNames = { latents: 'latents', pixels: 'pixels', moments: 'moments' } as const;

/**
 * The decoder of Stable Diffusion's autoencoder.
 * Source: Rombach et al. 2022, arXiv 2112.10752; diffusers AutoencoderKL.
 * Inputs: latents [B, 4, h, w] f32, divided by the scaling factor; grids of every level, 0 = pixels. Output: pixels [B, 3, H, W] in −1 … 1.
 */
export function buildVaeDecoder(
  config: VaeConfig,
  weights: WeightSource,
  target: GraphTarget = cpuTarget,
): Uint8Array {
  const g = new GraphBuilder(weights, target);
  emitVaeDecoder(g, config);
  return g.build('vae-decoder');
}

/** The encoder: pixels [B, 3, H, W] → moments [B, 8, h, w], the mean and then the log-variance of the latents, unscaled. */
export function buildVaeEncoder(
  config: VaeConfig,
  weights: WeightSource,
  target: GraphTarget = cpuTarget,
): Uint8Array {
  const g = new GraphBuilder(weights, target);
  emitVaeEncoder(g, config);
  return g.build('vae-encoder');
}

export function emitVaeDecoder(g: GraphBuilder, config: VaeConfig): void {
  const { blockOutChannels, layersPerBlock, outChannels } = config;
  const last = blockOutChannels.length - 1;
  let x = decoderFront(g, config);
  for (let i = 1; i <= last; i++) {
    const level = last - i;
    const below = new Level(level + 1);
    x = upsample(g, x, `decoder.up_blocks.${i - 1}.upsamplers.0`, new Level(level), below);
    for (let j = 0; j <= layersPerBlock; j++) {
      const tiled = tiledLevel(level);
      x = resnet(g, x, `decoder.up_blocks.${i}.resnets.${j}`, blockOutChannels[level] ?? 0, tiled, config);
    }
  }
  x = silu(g, groupNorm(g, x, 'decoder.conv_norm_out', config.normNumGroups, NORM_EPSILON));
  g.output(vaeNames.pixels, cast(g, convOf(g, x, 'decoder.conv_out', outChannels, 3), 'f32'));
}

/** The decoder's part on the grid of the latents, up to where that is enlarged. */
export function decoderFront(g: GraphBuilder, config: VaeConfig): Value {
  const { blockOutChannels, latentChannels, layersPerBlock } = config;
  const last = blockOutChannels.length - 1;
  const channels = blockOutChannels[last] ?? 0;
  const level = new Level(last);
  const latents = g.input(vaeNames.latents, 'f32', ['batch', latentChannels, level.rows, level.columns]);
  let x = cast(g, latents, g.target.float);
  if (config.usePostQuantConv) x = convOf(g, x, 'post_quant_conv', latentChannels, 1);
  x = convOf(g, x, 'decoder.conv_in', channels, 3);
  x = middle(g, x, 'decoder.mid_block', level, config);
  for (let j = 0; j <= layersPerBlock; j++) {
    x = resnet(g, x, `decoder.up_blocks.0.resnets.${j}`, channels, tiledLevel(last), config);
  }
  return x;
}

/** The last level holds the largest tensors and the fewest channels: Winograd's tiles would gain nothing and take a third more. */
export function tiledLevel(level: number): Level | undefined {
  return level > 0 ? new Level(level) : undefined;
}

export function emitVaeEncoder(g: GraphBuilder, config: VaeConfig): void {
  const channels = config.blockOutChannels;
  const last = channels.length - 1;
  const levels = channels.map((_, i) => new Level(i));
  const at = (i: number) => levels[i] ?? new Level(i);
  const pixels = g.input(vaeNames.pixels, 'f32', ['batch', config.inChannels, at(0).rows, at(0).columns]);
  let x = convOf(g, cast(g, pixels, g.target.float), 'encoder.conv_in', channels[0] ?? 0, 3);
  for (let i = 0; i <= last; i++) {
    for (let j = 0; j < config.layersPerBlock; j++) {
      x = resnet(g, x, `encoder.down_blocks.${i}.resnets.${j}`, channels[i] ?? 0, tiledLevel(i), config);
    }
    if (i < last) x = downsampleAsymmetric(g, x, `encoder.down_blocks.${i}.downsamplers.0`, at(i + 1));
  }
  x = middle(g, x, 'encoder.mid_block', at(last), config);
  x = silu(g, groupNorm(g, x, 'encoder.conv_norm_out', config.normNumGroups, NORM_EPSILON));
  x = convOf(g, x, 'encoder.conv_out', 2 * config.latentChannels, 3);
  if (config.useQuantConv) x = convOf(g, x, 'quant_conv', 2 * config.latentChannels, 1);
  g.output(vaeNames.moments, cast(g, x, 'f32'));
}

function resnet(
  g: GraphBuilder,
  x: Value,
  name: string,
  out: number,
  tiled: Level | undefined,
  config: VaeConfig,
): Value {
  return resnetBlock(g, x, name, { out, groups: config.normNumGroups, epsilon: NORM_EPSILON, tiled });
}

function middle(g: GraphBuilder, input: Value, name: string, level: Level, config: VaeConfig): Value {
  const channels = Number(input.shape[1]);
  let x = resnet(g, input, `${name}.resnets.0`, channels, level, config);
  if (config.midBlockAttention) {
    const normal = groupNorm(g, x, `${name}.attentions.0.group_norm`, config.normNumGroups, NORM_EPSILON);
    const rows = imageToRows(g, normal, level);
    const mixed = attention(g, rows, rows, `${name}.attentions.0`, {
      headCount: 1,
      names: diffusersProjections,
      projectionBias: true,
    });
    x = add(g, x, rowsToImage(g, mixed, level));
  }
  return resnet(g, x, `${name}.resnets.1`, channels, level, config);
}
