import type { UnetConfig } from '#kernels/nets/configs.ts';
import type { ShapeReader } from './reader.ts';

/** How many heads an attention has: a number for all levels, or the channels of one head. */
export type HeadRule = { readonly headCount: number } | { readonly headChannels: number };

/** CompVis/stable-diffusion@21f890f, v1-inference.yaml (num_heads: 8) and Stability-AI/stablediffusion@cf1d67a, v2-inference.yaml (num_head_channels: 64). */
export const headRules = { sd1: { headCount: 8 }, sd2: { headChannels: 64 } } as const satisfies Record<
  string,
  HeadRule
>;

/** Norm groups of every original U-Net and VAE. */
export const NORM_GROUPS = 32;

/** Reads a U-Net's configuration from its shapes. Not for nets whose head count breaks the rule. */
export function unetFromShapes(shapes: ShapeReader, rule: HeadRule): UnetConfig {
  const levels = Array.from(
    { length: shapes.count(/^down_blocks\.(\d+)\.resnets\.0\.conv1\.weight$/) },
    (_, i) => i,
  );
  const blockOutChannels = levels.map((i) => shapes.dim(`down_blocks.${i}.resnets.0.conv1.weight`, 0));
  const crossAttention = shapes.find(/\.attn2\.to_k\.weight$/);
  const projection = shapes.find(/\.proj_in\.weight$/);
  if (levels.length === 0 || crossAttention === undefined || projection === undefined) {
    throw shapes.incomplete('it has no blocks with cross-attention');
  }
  if (shapes.find(/\.transformer_blocks\.1\./) !== undefined) {
    throw shapes.unknowable(
      'it has more than one transformer layer in a block, as Stable Diffusion 1.x and 2.x never have',
    );
  }
  const hasAttention = (way: string, i: number) => shapes.has(`${way}_blocks.${i}.attentions.0.norm.weight`);
  blockOutChannels.forEach((channels, level) => {
    if (channels % NORM_GROUPS !== 0) {
      throw shapes.unknowable(
        `level ${level} has ${channels} channels, which the usual ${NORM_GROUPS} norm groups do not divide`,
      );
    }
  });
  return {
    inChannels: shapes.dim('conv_in.weight', 1),
    outChannels: shapes.dim('conv_out.weight', 0),
    blockOutChannels,
    downBlockTypes: levels.map((i) => (hasAttention('down', i) ? 'CrossAttnDownBlock2D' : 'DownBlock2D')),
    upBlockTypes: levels.map((i) => (hasAttention('up', i) ? 'CrossAttnUpBlock2D' : 'UpBlock2D')),
    layersPerBlock: shapes.count(/^down_blocks\.0\.resnets\.(\d+)\.conv1\.weight$/),
    headCounts: blockOutChannels.map((channels, level) => headCount(shapes, rule, channels, level)),
    crossAttentionDim: shapes.dim(crossAttention, 1),
    useLinearProjection: shapes.rank(projection) === 2,
    normNumGroups: NORM_GROUPS,
    normEps: 1e-5,
    flipSinToCos: true,
    freqShift: 0,
  };
}

function headCount(shapes: ShapeReader, rule: HeadRule, channels: number, level: number): number {
  const count = 'headCount' in rule ? rule.headCount : channels / rule.headChannels;
  if (Number.isInteger(count) && channels % count === 0) return count;
  const usual = 'headCount' in rule ? `${rule.headCount} heads` : `${rule.headChannels} channels a head`;
  throw shapes.unknowable(`level ${level} has ${channels} channels, which the usual ${usual} do not divide`);
}
