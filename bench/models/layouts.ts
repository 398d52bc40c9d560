import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

const root = join(import.meta.dirname, '..', '..');
const layouts = join(root, 'tests', 'golden', 'layouts');
const vocabulary = join(root, 'models', 'clip-bpe');

/** Names and shapes of a real net's tensors, and its configuration. */
export interface Layout {
  readonly config: Readonly<Record<string, unknown>>;
  readonly tensors: Readonly<Record<string, readonly number[]>>;
}

export interface Layouts {
  readonly unet: Layout;
  readonly vae: Layout;
  readonly text: Layout;
}

export async function readLayouts(unet: string, text: string): Promise<Layouts> {
  const read = async (name: string) =>
    JSON.parse(await readFile(join(layouts, `${name}.json`), 'utf8')) as Layout;
  return { unet: await read(unet), vae: await read('sd.vae'), text: await read(text) };
}

/** The configurations of a diffusers folder, without weights. */
export async function writeConfigs(folder: string, { unet, vae, text }: Layouts): Promise<void> {
  const json = async (file: string, values: object) => {
    const path = join(folder, file);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, JSON.stringify(values));
  };
  await json('unet/config.json', { _class_name: 'UNet2DConditionModel', ...unet.config });
  await json('vae/config.json', { _class_name: 'AutoencoderKL', scaling_factor: 0.18215, ...vae.config });
  await json('text_encoder/config.json', {
    architectures: ['CLIPTextModel'],
    model_type: 'clip_text_model',
    ...text.config,
  });
  await json('scheduler/scheduler_config.json', schedulerConfig);
  await json('model_index.json', modelIndex);
  await mkdir(join(folder, 'tokenizer'), { recursive: true });
  for (const file of ['vocab.json', 'merges.txt', 'tokenizer_config.json'])
    await copyFile(join(vocabulary, file), join(folder, 'tokenizer', file));
}

/** Source: stable-diffusion-v1-5's scheduler_config.json and model_index.json; a model without weights needs no safety checker. */
const schedulerConfig = {
  _class_name: 'DDIMScheduler',
  beta_start: 0.00085,
  beta_end: 0.012,
  beta_schedule: 'scaled_linear',
  num_train_timesteps: 1000,
  set_alpha_to_one: false,
  steps_offset: 1,
  clip_sample: false,
};

const modelIndex = {
  _class_name: 'StableDiffusionPipeline',
  feature_extractor: [null, null],
  safety_checker: [null, null],
  requires_safety_checker: false,
  scheduler: ['diffusers', 'DDIMScheduler'],
  text_encoder: ['transformers', 'CLIPTextModel'],
  tokenizer: ['transformers', 'CLIPTokenizer'],
  unet: ['diffusers', 'UNet2DConditionModel'],
  vae: ['diffusers', 'AutoencoderKL'],
};
