import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { writeSafetensors, type WrittenTensor } from './safetensors-file.ts';
import type { SingleFileRecipe } from './single-file.ts';

/** Checkpoints with the names and shapes of the real ones and zeros for weights: sparse files, so they cost nothing. */

type Shapes = Readonly<Record<string, readonly number[]>>;
interface Layout {
  readonly config: Readonly<Record<string, unknown>>;
  readonly tensors: Shapes;
}
export type RealModel = 'sd15' | 'sd21';
type Part = 'unet' | 'text_encoder' | 'vae';

const golden = join(import.meta.dirname, 'golden');
const parts: readonly Part[] = ['unet', 'text_encoder', 'vae'];
const weightFiles: Readonly<Record<Part, string>> = {
  unet: 'diffusion_pytorch_model.safetensors',
  text_encoder: 'model.safetensors',
  vae: 'diffusion_pytorch_model.safetensors',
};

async function readJson<T>(path: string): Promise<T> {
  return JSON.parse(await readFile(path, 'utf8')) as T;
}

export async function readLayout(model: RealModel | 'sdxl', part: Part): Promise<Layout> {
  const name = part === 'vae' ? 'sd.vae' : `${model}.${part}`;
  return readJson(join(golden, 'layouts', `${name}.json`));
}

const zeros = (shapes: Shapes): Record<string, WrittenTensor> =>
  Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [name, { dtype: 'F16', shape }]));

/** A diffusers folder of the real model; the small files come from the tiny golden model of its kind. */
export async function writeRealFolder(model: RealModel, folder: string): Promise<void> {
  const tiny = join(golden, `tiny-${model}`);
  for (const name of ['model_index.json', join('scheduler', 'scheduler_config.json')]) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), await readFile(join(tiny, name)));
  }
  for (const part of parts) {
    const { config, tensors } = await readLayout(model, part);
    await mkdir(join(folder, part), { recursive: true });
    await writeFile(join(folder, part, 'config.json'), JSON.stringify(config));
    await writeSafetensors(join(folder, part, weightFiles[part]), zeros(tensors));
  }
}

interface HeaderEntry {
  readonly shape: readonly number[];
  readonly data_offsets: readonly [number, number];
}

/** Where each tensor of the tiny folder starts in its file → its diffusers name. */
async function namesByOffset(tiny: string, part: Part): Promise<Map<string, string>> {
  const file = `${part}/${weightFiles[part]}`;
  const bytes = await readFile(join(tiny, file));
  const start = 8 + Number(bytes.readBigUInt64LE(0));
  const header = JSON.parse(bytes.toString('utf8', 8, start)) as Record<string, HeaderEntry>;
  const tensors = Object.entries(header).filter(([name]) => name !== '__metadata__');
  return new Map(tensors.map(([name, entry]) => [`${file}@${start + entry.data_offsets[0]}`, name]));
}

/** Where the real nets change their width and the tiny ones do not: names as in v1-5-pruned-emaonly.safetensors. */
const shortcuts: Shapes = {
  'model.diffusion_model.input_blocks.4.0.skip_connection.weight': [640, 320, 1, 1],
  'model.diffusion_model.input_blocks.4.0.skip_connection.bias': [640],
  'first_stage_model.encoder.down.1.block.0.nin_shortcut.weight': [256, 128, 1, 1],
  'first_stage_model.encoder.down.1.block.0.nin_shortcut.bias': [256],
  'first_stage_model.decoder.up.0.block.0.nin_shortcut.weight': [128, 256, 1, 1],
  'first_stage_model.decoder.up.0.block.0.nin_shortcut.bias': [128],
};

const FUSED = 3;
/** OpenCLIP's files carry one layer more than the folder. */
const UNUSED_LAYERS: Readonly<Record<RealModel, number>> = { sd15: 0, sd21: 1 };

/**
 * A single file of the real model. Which original name holds which tensor comes from the golden single file, by
 * its bytes and not by any mapping of ours; the shapes come from the real layouts.
 */
export async function writeRealSingleFile(
  model: RealModel,
  path: string,
  metadata?: Readonly<Record<string, string>>,
): Promise<void> {
  const recipe = await readJson<SingleFileRecipe>(join(golden, 'single-file', `tiny-${model}.json`));
  const names = new Map<string, string>();
  const shapes: Record<string, readonly number[]> = {};
  for (const part of parts) {
    for (const [place, name] of await namesByOffset(join(golden, `tiny-${model}`), part))
      names.set(place, name);
    Object.assign(shapes, (await readLayout(model, part)).tensors);
  }
  const tensors = zeros(shortcuts);
  for (const { original, entry, sources } of originalTensors(recipe)) {
    const diffusers = sources.map((place) => names.get(place)).filter((name) => name !== undefined);
    for (const [name, shape] of realShapes(original, entry, diffusers, shapes, UNUSED_LAYERS[model])) {
      tensors[name] = { dtype: 'F16', shape };
    }
  }
  await writeSafetensors(path, tensors, metadata);
}

interface OriginalTensor {
  readonly original: string;
  readonly entry: HeaderEntry;
  /** FILE@OFFSET of the same bytes in the tiny folder: none, one, or three for a fused projection. */
  readonly sources: readonly string[];
}

function originalTensors(recipe: SingleFileRecipe): OriginalTensor[] {
  const header = JSON.parse(recipe.header) as Record<string, HeaderEntry>;
  const inOrder = Object.entries(header)
    .filter(([name]) => name !== '__metadata__')
    .sort(([, a], [, b]) => a.data_offsets[0] - b.data_offsets[0]);
  const segments = [...recipe.segments];
  return inOrder.map(([original, entry]) => {
    const sources: string[] = [];
    let left = entry.data_offsets[1] - entry.data_offsets[0];
    while (left > 0) {
      const segment = segments.shift();
      if (segment === undefined) throw new Error(`${original} has no bytes in the recipe`);
      if ('base64' in segment) left -= Buffer.from(segment.base64, 'base64').length;
      else {
        left -= segment.sizeBytes;
        sources.push(`${segment.file}@${segment.offsetBytes}`);
      }
    }
    return { original, entry, sources };
  });
}

/** The tensor under its original name with its real shape; the text encoder's second layer stands for all further ones. */
function realShapes(
  original: string,
  entry: HeaderEntry,
  diffusers: readonly string[],
  shapes: Shapes,
  unusedLayers: number,
): [string, readonly number[]][] {
  const [first] = diffusers;
  if (first === undefined) return original.includes('resblocks') ? [] : [[original, entry.shape]];
  const shape = shapes[first];
  if (shape === undefined)
    return /layers\.\d/.test(first) || first.endsWith('position_ids') ? [] : missing(first);
  const rows = diffusers.length === FUSED ? [FUSED * (shape[0] ?? 0), ...shape.slice(1)] : shape;
  const real = entry.shape.length === rows.length + 2 ? [...rows, 1, 1] : rows;
  if (!/encoder\.layers\.[012]\./.test(first)) return [[original, real]];
  if (!first.includes('encoder.layers.1.')) return [];
  const layerNumbers = Object.keys(shapes).map((name) =>
    Number(/encoder\.layers\.(\d+)\./.exec(name)?.[1] ?? -1),
  );
  const layerCount = Math.max(...layerNumbers) + 1 + unusedLayers;
  return Array.from({ length: layerCount }, (_, layer) => [
    original.replace(/(layers|resblocks)\.1\./, `$1.${layer}.`),
    real,
  ]);
}

function missing(name: string): never {
  throw new Error(`The real layout has no ${name}`);
}
