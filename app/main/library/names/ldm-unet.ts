import { countIndices, renamePrefix, whole, type Rename } from './pieces.ts';

/** Original name → diffusers' name. Source of both: CompVis/stable-diffusion@21f890f, ldm/modules/diffusionmodules/openaimodel.py; diffusers v0.35.1, models/unets. */

export const LDM_UNET_PREFIX = 'model.diffusion_model.';

const outer = [
  ['time_embed.0.', 'time_embedding.linear_1.'],
  ['time_embed.2.', 'time_embedding.linear_2.'],
  ['input_blocks.0.0.', 'conv_in.'],
  ['out.0.', 'conv_norm_out.'],
  ['out.2.', 'conv_out.'],
  ['middle_block.1.', 'mid_block.attentions.0.'],
] as const;

const resnet = [
  ['in_layers.0.', 'norm1.'],
  ['in_layers.2.', 'conv1.'],
  ['emb_layers.1.', 'time_emb_proj.'],
  ['out_layers.0.', 'norm2.'],
  ['out_layers.3.', 'conv2.'],
  ['skip_connection.', 'conv_shortcut.'],
] as const;

/**
 * Original U-Nets number their blocks through: each level has one entry per layer and one for the resampling,
 * so the number of layers per level must be known. `names` are all names of the net, without the prefix.
 */
export function ldmUnetRename(names: readonly string[]): Rename {
  const entriesPerLevel = countEntriesPerLevel(names);
  return (original) => {
    const direct = renamePrefix(original, outer);
    if (direct !== undefined) return whole(direct);
    const middle = /^middle_block\.([02])\.(.+)$/.exec(original);
    if (middle !== null)
      return whole(resnetName(`mid_block.resnets.${middle[1] === '0' ? 0 : 1}`, middle[2]));
    const block = /^(input|output)_blocks\.(\d{1,4})\.(\d)\.(.+)$/.exec(original);
    if (block === null) return [];
    const [, way, index, slot, rest = ''] = block;
    return whole(
      way === 'input'
        ? inputName(Number(index), Number(slot), rest, entriesPerLevel)
        : outputName(Number(index), Number(slot), rest, entriesPerLevel),
    );
  };
}

/** The first downsampling closes the first level; a net with one level has none. */
function countEntriesPerLevel(names: readonly string[]): number {
  const downsamples = names
    .map((name) => /^input_blocks\.(\d{1,4})\.0\.op\.weight$/.exec(name)?.[1])
    .filter((index) => index !== undefined)
    .map(Number);
  return downsamples.length > 0
    ? Math.min(...downsamples)
    : countIndices(names, /^input_blocks\.(\d{1,4})\./);
}

function resnetName(block: string, rest = ''): string | undefined {
  const inner = renamePrefix(rest, resnet);
  return inner === undefined ? undefined : `${block}.${inner}`;
}

function inputName(index: number, slot: number, rest: string, entriesPerLevel: number): string | undefined {
  const level = Math.floor((index - 1) / entriesPerLevel);
  const layer = (index - 1) % entriesPerLevel;
  if (slot === 0 && rest.startsWith('op.'))
    return `down_blocks.${level}.downsamplers.0.conv.${rest.slice('op.'.length)}`;
  if (slot === 0) return resnetName(`down_blocks.${level}.resnets.${layer}`, rest);
  return slot === 1 ? `down_blocks.${level}.attentions.${layer}.${rest}` : undefined;
}

/** The upsampling stands behind the level's last layer: in slot 1, or in slot 2 behind an attention. */
function outputName(index: number, slot: number, rest: string, entriesPerLevel: number): string | undefined {
  const level = Math.floor(index / entriesPerLevel);
  const layer = index % entriesPerLevel;
  if (slot === 0) return resnetName(`up_blocks.${level}.resnets.${layer}`, rest);
  if (rest.startsWith('conv.')) return `up_blocks.${level}.upsamplers.0.${rest}`;
  return slot === 1 ? `up_blocks.${level}.attentions.${layer}.${rest}` : undefined;
}
