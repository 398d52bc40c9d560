import { ModelError } from '#contract/errors.ts';
import type { UnetConfig } from '#kernels/nets/configs.ts';
import type { JsonObject } from '../files.ts';
import { Fields, limits } from './fields.ts';

/**
 * diffusers' UNet2DConditionModel configuration → ours. Absent keys have diffusers' defaults
 * (diffusers v0.35.1, models/unets/unet_2d_condition.py); those without which a net cannot be told are required.
 * Throws MODEL_KIND_UNSUPPORTED for nets of other families, MODEL_CONFIG_INVALID naming every key that does not fit.
 */
export function parseUnetConfig(path: string, values: JsonObject): UnetConfig {
  const fields = new Fields(path, values);
  refuseOtherFamilies(fields);
  refuseUnsupported(fields);
  const blockOutChannels = fields.integers('block_out_channels', limits.channels);
  const levelCount = blockOutChannels.length;
  // Named wrongly in diffusers, and kept so for old files: attention_head_dim is the number of heads.
  const headKey =
    fields.value('num_attention_heads') === undefined ? 'attention_head_dim' : 'num_attention_heads';
  const layers = fields.perLevel('layers_per_block', levelCount, limits.layers, 2);
  if (new Set(layers).size > 1)
    fields.note('"layers_per_block" differs between levels; supported: the same for all');
  const crossDims = fields.perLevel('cross_attention_dim', levelCount, limits.channels);
  if (new Set(crossDims).size > 1) {
    fields.note('"cross_attention_dim" differs between levels; supported: the same for all');
  }
  const config: UnetConfig = {
    inChannels: fields.integer('in_channels', limits.imageChannels, 4),
    outChannels: fields.integer('out_channels', limits.imageChannels, 4),
    blockOutChannels,
    downBlockTypes: fields.names('down_block_types', ['CrossAttnDownBlock2D', 'DownBlock2D']),
    upBlockTypes: fields.names('up_block_types', ['CrossAttnUpBlock2D', 'UpBlock2D']),
    layersPerBlock: layers[0] ?? 0,
    headCounts: fields.perLevel(headKey, levelCount, limits.heads, 8),
    crossAttentionDim: crossDims[0] ?? 0,
    useLinearProjection: fields.boolean('use_linear_projection', false),
    normNumGroups: fields.integer('norm_num_groups', limits.channels, 32),
    normEps: fields.number('norm_eps', limits.epsilon, 1e-5),
    flipSinToCos: fields.boolean('flip_sin_to_cos', true),
    freqShift: fields.integer('freq_shift', { min: 0, max: 1 }, 0),
  };
  checkLevels(fields, config);
  fields.finish();
  return config;
}

/** Nets that Tessera knows by name but cannot run. */
function refuseOtherFamilies(fields: Fields): void {
  const inChannels = fields.value('in_channels');
  const family =
    fields.value('addition_embed_type') === 'text_time'
      ? 'Stable Diffusion XL ("addition_embed_type" is "text_time")'
      : inChannels === 9
        ? 'an inpainting model ("in_channels" is 9)'
        : inChannels === 8
          ? 'a model that edits a picture, such as InstructPix2Pix ("in_channels" is 8)'
          : inChannels === 5
            ? 'a depth-guided model ("in_channels" is 5)'
            : fields.value('time_cond_proj_dim') !== undefined
              ? 'a latent consistency model with guidance embedding ("time_cond_proj_dim" is set)'
              : undefined;
  if (family === undefined) return;
  throw new ModelError(
    'MODEL_KIND_UNSUPPORTED',
    `${fields.path} describes ${family}, which Tessera cannot run yet. Use a text-to-image model of Stable Diffusion 1.x or 2.x.`,
    { details: { path: fields.path, found: family } },
  );
}

function refuseUnsupported(fields: Fields): void {
  fields.supports('act_fn', 'silu', 'swish');
  fields.supports('mid_block_type', 'UNetMidBlock2DCrossAttn');
  fields.supports('transformer_layers_per_block', 1);
  fields.supports('attention_type', 'default');
  fields.supports('time_embedding_type', 'positional');
  fields.supports('resnet_time_scale_shift', 'default');
  for (const key of ['conv_in_kernel', 'conv_out_kernel']) fields.supports(key, 3);
  for (const key of ['downsample_padding', 'mid_block_scale_factor', 'resnet_out_scale_factor'])
    fields.supports(key, 1);
  const switches = [
    'only_cross_attention',
    'mid_block_only_cross_attention',
    'dual_cross_attention',
    'resnet_skip_time_act',
    'center_input_sample',
  ];
  for (const key of switches) fields.supports(key, false);
  const mustBeAbsent = [
    'addition_embed_type',
    'class_embed_type',
    'num_class_embeds',
    'encoder_hid_dim',
    'encoder_hid_dim_type',
    'cross_attention_norm',
    'time_embedding_dim',
    'time_embedding_act_fn',
    'timestep_post_act',
    'reverse_transformer_layers_per_block',
  ];
  for (const key of mustBeAbsent) fields.supports(key);
}

function checkLevels(fields: Fields, config: UnetConfig): void {
  const levelCount = config.blockOutChannels.length;
  const { downBlockTypes, upBlockTypes, headCounts, normNumGroups } = config;
  for (const [key, list] of Object.entries({
    down_block_types: downBlockTypes,
    up_block_types: upBlockTypes,
  })) {
    if (list.length !== levelCount) {
      fields.note(`"${key}" has ${list.length} entries, but "block_out_channels" has ${levelCount}`);
    }
  }
  config.blockOutChannels.forEach((channels, level) => {
    if (channels % normNumGroups !== 0) {
      fields.note(
        `level ${level} has ${channels} channels, which ${normNumGroups} norm groups do not divide`,
      );
    }
    const heads = headCounts[level] ?? 1;
    if (hasAttention(config, level) && channels % heads !== 0) {
      fields.note(`level ${level} has ${channels} channels, which ${heads} attention heads do not divide`);
    }
  });
}

/** Whether a level's blocks have attention on either way; the last level's heads also serve the middle block. */
function hasAttention(config: UnetConfig, level: number): boolean {
  const last = config.blockOutChannels.length - 1;
  return (
    config.downBlockTypes[level] === 'CrossAttnDownBlock2D' ||
    config.upBlockTypes[last - level] === 'CrossAttnUpBlock2D' ||
    level === last
  );
}
