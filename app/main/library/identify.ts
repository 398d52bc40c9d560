import { ModelError } from '#contract/errors.ts';
import type { ErrorCode } from '#contract/errors.ts';
import { LDM_UNET_PREFIX } from './names/ldm-unet.ts';
import { LDM_VAE_PREFIX } from './names/ldm-vae.ts';
import type { SafetensorsFile } from './safetensors.ts';

/** A kind of safetensors file that is not a Stable Diffusion 1.x or 2.x checkpoint, told by its tensor names. */
interface Stranger {
  readonly pattern: RegExp;
  readonly code: ErrorCode;
  readonly what: string;
  readonly todo: string;
}

const baseModel = 'Open the checkpoint that it was made for; Tessera cannot add it to one yet.';
const otherFamily = 'Tessera runs Stable Diffusion 1.x and 2.x; get a model of those.';

/** In order: an adapter first, because its names also hold those of the net that it adapts. */
const strangers: readonly Stranger[] = [
  {
    pattern: /^lora_(unet|te)|\.?lora_(up|down|A|B)\b|\.lora\.|_lora\.|\.(hada|lokr)_w[12]/,
    code: 'MODEL_NOT_A_CHECKPOINT',
    what: 'a LoRA (small changes to a checkpoint)',
    todo: baseModel,
  },
  {
    pattern: /^(emb_params|clip_[lg]|string_to_param.*)$/,
    code: 'MODEL_NOT_A_CHECKPOINT',
    what: 'a textual inversion (an embedding for a prompt)',
    todo: baseModel,
  },
  {
    pattern: /^control_model\.|^controlnet_|^(input_hint_block|zero_convs)\./,
    code: 'MODEL_NOT_A_CHECKPOINT',
    what: 'a ControlNet',
    todo: baseModel,
  },
  {
    pattern: /(^|\.)joint_blocks\.\d/,
    code: 'MODEL_KIND_UNSUPPORTED',
    what: 'a Stable Diffusion 3 model',
    todo: otherFamily,
  },
  {
    pattern: /(^|\.)double_blocks\.\d|(^|\.)single_transformer_blocks\.\d/,
    code: 'MODEL_KIND_UNSUPPORTED',
    what: 'a FLUX model',
    todo: otherFamily,
  },
  {
    pattern: /^noise_augmentor\.|^embedder\.model\./,
    code: 'MODEL_KIND_UNSUPPORTED',
    what: 'an unCLIP model (it needs a picture as input)',
    todo: otherFamily,
  },
  {
    pattern: /^conditioner\.embedders\.|(^|\.)label_emb\.|^add_embedding\./,
    code: 'MODEL_KIND_UNSUPPORTED',
    what: 'a Stable Diffusion XL model',
    todo: otherFamily,
  },
];

const unetPattern =
  /^(model\.diffusion_model\.)?(input_blocks\.\d|down_blocks\.\d+\.(resnets|attentions)\.\d)/;
const vaePattern =
  /^(first_stage_model\.)?(encoder|decoder)\.(down|up|mid|down_blocks|up_blocks|mid_block)\./;
const textPattern = /^(cond_stage_model\.|text_model\.|text_encoder\.|transformer\.resblocks\.)/;

/** Throws one clear refusal when the tensors are those of something else than a whole SD 1.x or 2.x checkpoint. */
export function refuseStrangers(file: SafetensorsFile): void {
  const names = [...file.tensors.keys()];
  for (const { pattern, code, what, todo } of strangers) {
    const witness = names.find((name) => pattern.test(name));
    if (witness !== undefined)
      throw refusal(code, file.path, what, `the tensor ${JSON.stringify(witness)} shows it`, todo);
  }
  refuseOtherInputs(file);
  refuseParts(file, names);
}

/** Channels of the U-Net's first convolution → what the model takes beside the noise. */
const extraInputs: ReadonlyMap<number, string> = new Map([
  [9, 'an inpainting model (its U-Net takes 9 channels: noise, mask and picture)'],
  [8, 'a model that edits a picture, such as InstructPix2Pix (its U-Net takes 8 channels)'],
  [5, 'a depth-guided model (its U-Net takes 5 channels)'],
  [7, 'an upscaling model (its U-Net takes 7 channels)'],
]);

function refuseOtherInputs(file: SafetensorsFile): void {
  const name = `${LDM_UNET_PREFIX}input_blocks.0.0.weight`;
  const channels = file.tensors.get(name)?.shape[1];
  const what = channels === undefined ? undefined : extraInputs.get(channels);
  if (what === undefined) return;
  const todo = 'Tessera cannot run it yet: get the text-to-image version (4 channels).';
  throw refusal('MODEL_KIND_UNSUPPORTED', file.path, what, `${name} shows it`, todo);
}

function refuseParts(file: SafetensorsFile, names: readonly string[]): void {
  const has = {
    unet: names.some((name) => unetPattern.test(name)),
    vae: names.some((name) => vaePattern.test(name)),
    text: names.some((name) => textPattern.test(name)),
  };
  if (has.unet && has.vae && has.text) {
    if (
      names.some((name) => name.startsWith(LDM_UNET_PREFIX)) &&
      names.some((name) => name.startsWith(LDM_VAE_PREFIX))
    ) {
      return;
    }
  }
  const labels = { unet: 'a U-Net', vae: 'a VAE', text: 'a text encoder' };
  const present = [
    ...(has.unet ? [labels.unet] : []),
    ...(has.vae ? [labels.vae] : []),
    ...(has.text ? [labels.text] : []),
  ];
  const absent = [
    ...(has.unet ? [] : [labels.unet]),
    ...(has.vae ? [] : [labels.vae]),
    ...(has.text ? [] : [labels.text]),
  ];
  const sample = names.slice(0, 3).map((name) => JSON.stringify(name));
  if (present.length === 0) {
    const why =
      names.length === 0
        ? 'it holds no tensors'
        : `its ${names.length} tensors are called ${sample.join(', ')} …`;
    throw refusal('MODEL_NOT_A_CHECKPOINT', file.path, 'no Stable Diffusion checkpoint', why, otherFamily);
  }
  const what = present.length === 1 ? `${present[0] ?? ''} alone` : present.join(' with ');
  const why =
    absent.length > 0
      ? `a checkpoint also has ${absent.join(' and ')}`
      : `its names are not those of an original checkpoint (${sample.join(', ')} …)`;
  const todo = 'Open the whole checkpoint, or the folder with model_index.json that this file belongs to.';
  throw refusal('MODEL_NOT_A_CHECKPOINT', file.path, what, why, todo);
}

function refusal(code: ErrorCode, path: string, what: string, why: string, todo: string): ModelError {
  return new ModelError(code, `${path} is ${what}: ${why}. ${todo}`, { details: { path, found: what } });
}
