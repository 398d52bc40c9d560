import { countIndices, renamePrefix, whole, type Rename } from './pieces.ts';

/** Original name → diffusers' name. Source of both: CompVis/stable-diffusion@21f890f, ldm/modules/diffusionmodules/model.py; diffusers v0.35.1, models/autoencoders. */

export const LDM_VAE_PREFIX = 'first_stage_model.';

const middle = [
  ['block_1.', 'resnets.0.'],
  ['block_2.', 'resnets.1.'],
  ['attn_1.norm.', 'attentions.0.group_norm.'],
  ['attn_1.q.', 'attentions.0.to_q.'],
  ['attn_1.k.', 'attentions.0.to_k.'],
  ['attn_1.v.', 'attentions.0.to_v.'],
  ['attn_1.proj_out.', 'attentions.0.to_out.0.'],
] as const;

const level = [
  ['downsample.conv.', 'downsamplers.0.conv.'],
  ['upsample.conv.', 'upsamplers.0.conv.'],
  ['block.', 'resnets.'],
] as const;

const ends = [
  ['conv_in.', 'conv_in.'],
  ['conv_out.', 'conv_out.'],
  ['norm_out.', 'conv_norm_out.'],
] as const;

/** The original decoder counts its levels from the largest grid, diffusers from the smallest. */
export function ldmVaeRename(names: readonly string[]): Rename {
  const upLevels = countIndices(names, /^decoder\.up\.(\d{1,3})\./);
  return (original) => {
    if (/^(post_)?quant_conv\./.test(original)) return whole(original);
    const half = /^(encoder|decoder)\.(.+)$/.exec(original);
    if (half === null) return [];
    const [, side = '', rest = ''] = half;
    const inner = innerName(rest, upLevels);
    return whole(
      inner === undefined ? undefined : `${side}.${inner.replace('nin_shortcut.', 'conv_shortcut.')}`,
    );
  };
}

function innerName(rest: string, upLevels: number): string | undefined {
  if (rest.startsWith('mid.')) {
    const name = renamePrefix(rest.slice('mid.'.length), middle);
    return name === undefined ? undefined : `mid_block.${name}`;
  }
  const block = /^(down|up)\.(\d{1,3})\.(.+)$/.exec(rest);
  if (block === null) return renamePrefix(rest, ends);
  const [, way, index, tail = ''] = block;
  const name = renamePrefix(tail, level);
  if (name === undefined) return undefined;
  return way === 'down'
    ? `down_blocks.${Number(index)}.${name}`
    : `up_blocks.${upLevels - 1 - Number(index)}.${name}`;
}

/** Files of diffusers before 0.18 name the attention of the middle block otherwise; the weights are the same. */
const oldAttention = [
  ['query.', 'to_q.'],
  ['key.', 'to_k.'],
  ['value.', 'to_v.'],
  ['proj_attn.', 'to_out.0.'],
] as const;

export const diffusersVaeRename: Rename = (original) => {
  const attention = /^((?:encoder|decoder)\.mid_block\.attentions\.0\.)(.+)$/.exec(original);
  const renamed = attention === null ? undefined : renamePrefix(attention[2] ?? '', oldAttention);
  return whole(renamed === undefined ? original : `${attention?.[1] ?? ''}${renamed}`);
};
