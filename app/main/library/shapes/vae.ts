import type { VaeConfig } from '#kernels/nets/configs.ts';
import type { ShapeReader } from './reader.ts';
import { NORM_GROUPS } from './unet.ts';

/** Reads a VAE's configuration from its shapes; the scaling factor is not among them. */
export function vaeFromShapes(shapes: ShapeReader, scalingFactor: number): VaeConfig {
  const levelCount = shapes.count(/^encoder\.down_blocks\.(\d+)\.resnets\.0\.conv1\.weight$/);
  if (levelCount === 0) throw shapes.incomplete('its encoder has no blocks');
  const blockOutChannels = Array.from({ length: levelCount }, (_, i) =>
    shapes.dim(`encoder.down_blocks.${i}.resnets.0.conv1.weight`, 0),
  );
  for (const channels of blockOutChannels) {
    if (channels % NORM_GROUPS !== 0) {
      throw shapes.unknowable(
        `a level has ${channels} channels, which the usual ${NORM_GROUPS} norm groups do not divide`,
      );
    }
  }
  return {
    inChannels: shapes.dim('encoder.conv_in.weight', 1),
    outChannels: shapes.dim('decoder.conv_out.weight', 0),
    latentChannels: shapes.dim('decoder.conv_in.weight', 1),
    blockOutChannels,
    layersPerBlock: shapes.count(/^encoder\.down_blocks\.0\.resnets\.(\d+)\.conv1\.weight$/),
    normNumGroups: NORM_GROUPS,
    midBlockAttention: shapes.has('decoder.mid_block.attentions.0.group_norm.weight'),
    useQuantConv: shapes.has('quant_conv.weight'),
    usePostQuantConv: shapes.has('post_quant_conv.weight'),
    scalingFactor,
  };
}
