/**
 * Names of diffusers' tensors in an original (LDM) file of Stable Diffusion 1.x: the way back of
 * app/main/library/names, for the benchmark's own file alone. Sources as there.
 */

/** Two layers and one resampling: entries of a level in SD 1.x's numbering. */
const ENTRIES_PER_LEVEL = 3;
/** The first up block has no attention, so its upsampling stands one place earlier. */
const UP_BLOCKS_WITHOUT_ATTENTION = [0];
const VAE_LEVELS = 4;

type Rules = readonly (readonly [RegExp, string | ((whole: string, first: string, second: string) => string)])[];

const entry = (level = '', layer = '0') => Number(level) * ENTRIES_PER_LEVEL + Number(layer);

const unetResnet: Rules = [
  [/\.norm1\./, '.in_layers.0.'],
  [/\.conv1\./, '.in_layers.2.'],
  [/\.time_emb_proj\./, '.emb_layers.1.'],
  [/\.norm2\./, '.out_layers.0.'],
  [/\.conv2\./, '.out_layers.3.'],
  [/\.conv_shortcut\./, '.skip_connection.'],
];

const unetPlaces: Rules = [
  [/^conv_in\./, 'input_blocks.0.0.'],
  [/^time_embedding\.linear_1\./, 'time_embed.0.'],
  [/^time_embedding\.linear_2\./, 'time_embed.2.'],
  [/^conv_norm_out\./, 'out.0.'],
  [/^conv_out\./, 'out.2.'],
  [/^mid_block\.attentions\.0\./, 'middle_block.1.'],
  [/^mid_block\.resnets\.(\d)\./, (_, layer) => `middle_block.${2 * Number(layer)}.`],
  [/^down_blocks\.(\d)\.resnets\.(\d)\./, (_, level, layer) => `input_blocks.${entry(level, layer) + 1}.0.`],
  [/^down_blocks\.(\d)\.attentions\.(\d)\./, (_, level, layer) => `input_blocks.${entry(level, layer) + 1}.1.`],
  [/^down_blocks\.(\d)\.downsamplers\.0\.conv\./, (_, level) => `input_blocks.${entry(level, '3')}.0.op.`],
  [/^up_blocks\.(\d)\.resnets\.(\d)\./, (_, level, layer) => `output_blocks.${entry(level, layer)}.0.`],
  [/^up_blocks\.(\d)\.attentions\.(\d)\./, (_, level, layer) => `output_blocks.${entry(level, layer)}.1.`],
  [/^up_blocks\.(\d)\.upsamplers\.0\.conv\./, (_, level) => `output_blocks.${entry(level, '2')}.${upsampleSlot(level)}.conv.`],
];

const vaeRules: Rules = [
  [/\.conv_shortcut\./, '.nin_shortcut.'],
  [/\.conv_norm_out\./, '.norm_out.'],
  [/\.mid_block\.resnets\.0\./, '.mid.block_1.'],
  [/\.mid_block\.resnets\.1\./, '.mid.block_2.'],
  [/\.mid_block\.attentions\.0\.group_norm\./, '.mid.attn_1.norm.'],
  [/\.mid_block\.attentions\.0\.to_([qkv])\./, (_, part) => `.mid.attn_1.${part}.`],
  [/\.mid_block\.attentions\.0\.to_out\.0\./, '.mid.attn_1.proj_out.'],
  [/\.down_blocks\.(\d)\./, (_, level) => `.down.${level}.`],
  [/\.up_blocks\.(\d)\./, (_, level) => `.up.${VAE_LEVELS - 1 - Number(level)}.`],
  [/\.resnets\./, '.block.'],
  [/\.(down|up)samplers\.0\./, (_, way) => `.${way}sample.`],
];

export function ldmUnetName(name: string): string {
  const inner = /resnets\./.test(name) ? rename(name, unetResnet) : name;
  return `model.diffusion_model.${rename(inner, unetPlaces)}`;
}

export function ldmVaeName(name: string): string {
  return `first_stage_model.${rename(name, vaeRules)}`;
}

export function ldmTextName(name: string): string {
  return `cond_stage_model.transformer.${name}`;
}

function upsampleSlot(level = ''): number {
  return UP_BLOCKS_WITHOUT_ATTENTION.includes(Number(level)) ? 1 : 2;
}

function rename(name: string, rules: Rules): string {
  let renamed = name;
  for (const [pattern, to] of rules) {
    // The two forms of `replace` are two overloads.
    renamed = typeof to === 'string' ? renamed.replace(pattern, to) : renamed.replace(pattern, to);
  }
  return renamed;
}
