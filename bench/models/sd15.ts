import { join } from 'node:path';
import { ldmTextName, ldmUnetName, ldmVaeName } from './ldm-names.ts';
import { readLayouts, writeConfigs, type Layout } from './layouts.ts';
import { createRandomWeights } from './random-weights.ts';
import { tensorBytes, writeSafetensors, type TensorSpec } from './safetensors-writer.ts';

const WEIGHTS_SEED = 15;

/** One checkpoint in the original layout, and a folder of configurations for the side that cannot tell them from shapes. */
export interface RandomCheckpoint {
  readonly path: string;
  readonly configFolder: string;
}

const layouts = () => readLayouts('sd15.unet', 'sd15.text_encoder');

/** Every tensor of a Stable Diffusion 1.5 checkpoint under its original name, in half precision. */
export async function sd15Tensors(): Promise<TensorSpec[]> {
  const { unet, vae, text } = await layouts();
  const parts: { layout: Layout; rename: (name: string) => string }[] = [
    { layout: unet, rename: ldmUnetName },
    { layout: vae, rename: ldmVaeName },
    { layout: text, rename: ldmTextName },
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
  const configFolder = join(folder, 'sd15-configs');
  await writeConfigs(configFolder, await layouts());
  return { path, configFolder };
}
