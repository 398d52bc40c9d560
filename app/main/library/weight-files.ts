import { readdir, realpath } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { ModelError } from '#contract/errors.ts';
import { isFile, isObject, readJsonObject, showValue, unreadable } from './files.ts';
import type { Rename } from './names/pieces.ts';
import { readSafetensorsHeader, type SafetensorsFile } from './safetensors.ts';
import type { TensorEntry } from './safetensors-header.ts';
import { renameTensors, type FoundTensor } from './weights.ts';

export interface PartFiles {
  /** The real folder of the files: the runtime refuses links that leave it. */
  readonly folder: string;
  readonly files: readonly SafetensorsFile[];
  readonly found: ReadonlyMap<string, FoundTensor>;
  readonly unknown: readonly string[];
}

/** Opens a safetensors file behind any links. Not a pipe or a device: reading those could wait for ever. */
export async function readRealFile(path: string): Promise<SafetensorsFile> {
  if (!(await isFile(path))) throw unreadable(path, new Error('no such file'));
  try {
    return await readSafetensorsHeader(await realpath(path));
  } catch (error) {
    throw error instanceof ModelError ? error : unreadable(path, error);
  }
}

/** Finds and reads the weights of one part of a diffusers folder. `stem` is "diffusion_pytorch_model" or "model". */
export async function readPartFiles(partFolder: string, stem: string, rename: Rename): Promise<PartFiles> {
  const candidates = [`${stem}.safetensors`, `${stem}.safetensors.index.json`];
  // The half-precision variant serves when the plain file is absent.
  candidates.push(`${stem}.fp16.safetensors`, `${stem}.safetensors.index.fp16.json`);
  for (const candidate of candidates) {
    const path = join(partFolder, candidate);
    if (!(await isFile(path))) continue;
    return candidate.endsWith('.json') ? readShards(partFolder, path, rename) : oneFile(path, rename);
  }
  throw await noWeights(partFolder, candidates);
}

async function oneFile(path: string, rename: Rename): Promise<PartFiles> {
  const file = await readRealFile(path);
  const renamed = renameTensors(basename(file.path), file.tensors, '', rename);
  return { folder: dirname(file.path), files: [file], ...renamed };
}

async function readShards(partFolder: string, indexPath: string, rename: Rename): Promise<PartFiles> {
  const shardOf = await readIndex(indexPath);
  const files = new Map<string, SafetensorsFile>();
  for (const shard of new Set(shardOf.values()))
    files.set(shard, await readRealFile(join(partFolder, shard)));
  const folders = new Set([...files.values()].map((file) => dirname(file.path)));
  const [folder = partFolder] = folders;
  if (folders.size > 1) {
    throw new ModelError(
      'MODEL_UNREADABLE',
      `The files that ${indexPath} names really lie in ${folders.size} folders (${[...folders].join(', ')}); they must lie in one. Copy them together.`,
      { details: { path: indexPath, folders: [...folders] } },
    );
  }
  const found = new Map<string, FoundTensor>();
  const unknown: string[] = [];
  for (const [shard, file] of files) {
    const own = [...file.tensors].filter(([name]) => shardOf.get(name) === shard);
    const renamed = renameTensors(basename(file.path), own, '', rename);
    for (const [name, tensor] of renamed.found) found.set(name, tensor);
    unknown.push(...renamed.unknown, ...namesNotIn(file.tensors, shardOf));
  }
  return { folder, files: [...files.values()], found, unknown };
}

function namesNotIn(tensors: ReadonlyMap<string, TensorEntry>, index: ReadonlyMap<string, string>): string[] {
  return [...tensors.keys()].filter((name) => !index.has(name));
}

/** Tensor name → file name. The names come from outside, so they may not point anywhere else. */
async function readIndex(indexPath: string): Promise<ReadonlyMap<string, string>> {
  const { weight_map: weightMap } = await readJsonObject(indexPath);
  const entries = isObject(weightMap) ? Object.entries(weightMap) : [];
  const shardOf = new Map<string, string>();
  for (const [name, shard] of entries) {
    if (typeof shard !== 'string' || !/^[\w.-]+\.safetensors$/.test(shard)) {
      throw new ModelError(
        'MODEL_CONFIG_INVALID',
        `${indexPath} puts tensor ${showValue(name)} into ${showValue(shard)}; allowed: the name of a .safetensors file in the same folder. Download the index again.`,
        { details: { path: indexPath, name, shard: showValue(shard) } },
      );
    }
    shardOf.set(name, shard);
  }
  if (shardOf.size > 0) return shardOf;
  throw new ModelError(
    'MODEL_CONFIG_INVALID',
    `${indexPath} names no tensors ("weight_map" is absent or empty). Download the index again.`,
    { details: { path: indexPath } },
  );
}

async function noWeights(partFolder: string, candidates: readonly string[]): Promise<ModelError> {
  const present = await readdir(partFolder).catch(() => []);
  const pickles = present.filter((name) => /\.(bin|ckpt|pt|pth)$/.test(name));
  if (pickles.length > 0) {
    return new ModelError(
      'MODEL_FORMAT_REFUSED',
      `${partFolder} has its weights only as a Python pickle (${pickles.join(', ')}). Opening a pickle can run any program that its author put inside, so Tessera never does. Get the .safetensors version (${candidates[0] ?? ''}), or convert it with a tool you trust.`,
      { details: { path: partFolder, present: pickles } },
    );
  }
  const found = present.length === 0 ? 'nothing' : present.slice(0, 12).join(', ');
  return new ModelError(
    'MODEL_NOT_A_CHECKPOINT',
    `${partFolder} has no weights: found ${found}; expected one of ${candidates.join(', ')}. Download the missing file.`,
    { details: { path: partFolder, present } },
  );
}
