import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ldmTextName, ldmUnetName, ldmVaeName } from './ldm-names.ts';
import { createRandomWeights } from './random-weights.ts';
import { tensorBytes, writeSafetensors, type TensorSpec } from './safetensors-writer.ts';

const root = join(import.meta.dirname, '..', '..');
const layouts = join(root, 'tests', 'golden', 'layouts');
const vocabulary = join(root, 'models', 'clip-bpe');
const WEIGHTS_SEED = 15;

interface Layout {
  readonly config: Readonly<Record<string, unknown>>;
  readonly tensors: Readonly<Record<string, readonly number[]>>;
}

/** One checkpoint in the original layout, and a folder of configurations for the side that cannot tell them from shapes. */
export interface RandomCheckpoint {
  readonly path: string;
  readonly configFolder: string;
}

async function readLayout(name: string): Promise<Layout> {
  return JSON.parse(await readFile(join(layouts, `${name}.json`), 'utf8')) as Layout;
}

/** Every tensor of a Stable Diffusion 1.5 checkpoint under its original name, in half precision. */
export async function sd15Tensors(): Promise<TensorSpec[]> {
  const parts = [
    { layout: await readLayout('sd15.unet'), rename: ldmUnetName },
    { layout: await readLayout('sd.vae'), rename: ldmVaeName },
    { layout: await readLayout('sd15.text_encoder'), rename: ldmTextName },
  ];
  return parts.flatMap(({ layout, rename }) =>
    Object.entries(layout.tensors).map(([name, shape]) => ({
      name: rename(name),
      dtype: 'F16' as const,
      shape: inOriginalShape(name, shape),
    })),
  );
}

/** Original VAEs store their attention's projections as 1×1 convolutions. */
function inOriginalShape(name: string, shape: readonly number[]): readonly number[] {
  const isVaeProjection = /coder\.mid_block\.attentions\.0\.to_(q|k|v|out\.0)\.weight$/.test(name);
  return isVaeProjection ? [...shape, 1, 1] : shape;
}

export async function sd15SizeBytes(): Promise<number> {
  return (await sd15Tensors()).reduce((sum, tensor) => sum + tensorBytes(tensor), 0);
}

/** Streams a whole checkpoint of SD 1.5's size with random weights (2.1 GB) into a folder. */
export async function writeSd15(folder: string): Promise<RandomCheckpoint> {
  const path = join(folder, 'sd15-random.safetensors');
  await writeSafetensors(path, await sd15Tensors(), createRandomWeights(WEIGHTS_SEED));
  return { path, configFolder: await writeSd15Configs(join(folder, 'sd15-configs')) };
}

async function writeSd15Configs(folder: string): Promise<string> {
  const json = async (file: string, values: object) => {
    const path = join(folder, file);
    await mkdir(join(path, '..'), { recursive: true });
    await writeFile(path, JSON.stringify(values));
  };
  const [unet, vae, text] = await Promise.all(['sd15.unet', 'sd.vae', 'sd15.text_encoder'].map(readLayout));
  await json('unet/config.json', { _class_name: 'UNet2DConditionModel', ...unet?.config });
  await json('vae/config.json', { _class_name: 'AutoencoderKL', scaling_factor: 0.18215, ...vae?.config });
  await json('text_encoder/config.json', { architectures: ['CLIPTextModel'], model_type: 'clip_text_model', ...text?.config });
  await json('scheduler/scheduler_config.json', schedulerConfig);
  await json('model_index.json', modelIndex);
  await mkdir(join(folder, 'tokenizer'), { recursive: true });
  for (const file of ['vocab.json', 'merges.txt', 'tokenizer_config.json'])
    await copyFile(join(vocabulary, file), join(folder, 'tokenizer', file));
  return folder;
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
