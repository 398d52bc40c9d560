import { join } from 'node:path';
import { readLayouts, writeConfigs, type Layout } from './layouts.ts';
import { createRandomWeights } from './random-weights.ts';
import { tensorBytes, writeSafetensors, type TensorSpec } from './safetensors-writer.ts';

const WEIGHTS_SEED = 21;

const layouts = () => readLayouts('sd21.unet', 'sd21.text_encoder');

/** Each part's file in a diffusers folder, and its tensors in half precision. */
async function sd21Files(): Promise<{ readonly file: string; readonly tensors: TensorSpec[] }[]> {
  const { unet, vae, text } = await layouts();
  const tensorsOf = ({ tensors }: Layout) =>
    Object.entries(tensors).map(([name, shape]) => ({ name, dtype: 'F16' as const, shape }));
  return [
    { file: 'unet/diffusion_pytorch_model.safetensors', tensors: tensorsOf(unet) },
    { file: 'vae/diffusion_pytorch_model.safetensors', tensors: tensorsOf(vae) },
    { file: 'text_encoder/model.safetensors', tensors: tensorsOf(text) },
  ];
}

export async function sd21SizeBytes(): Promise<number> {
  const files = await sd21Files();
  return files.flatMap(({ tensors }) => tensors).reduce((sum, tensor) => sum + tensorBytes(tensor), 0);
}

/** Streams a diffusers folder of SD 2.1's size with random weights (2.6 GB) into a folder. */
export async function writeSd21(folder: string): Promise<string> {
  const path = join(folder, 'sd21-random');
  await writeConfigs(path, await layouts());
  const weights = createRandomWeights(WEIGHTS_SEED);
  for (const { file, tensors } of await sd21Files()) await writeSafetensors(join(path, file), tensors, weights);
  return path;
}
