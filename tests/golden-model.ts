import { join } from 'node:path';
import { openCheckpoint, type Checkpoint } from '#library/checkpoint.ts';
import { readSafetensorsHeader, readTensor, type SafetensorsFile } from '#library/safetensors.ts';
import type { Numbers } from './expect-close.ts';

export const goldenFolder = join(import.meta.dirname, 'golden');
export const goldenModelNames = ['tiny-sd15', 'tiny-sd21'] as const;
export type GoldenModelName = (typeof goldenModelNames)[number];

/** A float tensor and its shape. */
export interface FloatTensor extends Numbers {
  readonly data: Float32Array;
}

/** The tensors of one golden file. */
export interface GoldenTensors {
  readonly names: readonly string[];
  floats(name: string): Promise<FloatTensor>;
  ints(name: string): Promise<Int32Array>;
}

export async function openGoldenTensors(path: string): Promise<GoldenTensors> {
  const file = await readSafetensorsHeader(join(goldenFolder, path));
  return {
    names: [...file.tensors.keys()],
    floats: (name) => readFloats(file, name),
    async ints(name) {
      const { data, dtype } = await readTensor(file, name);
      if (data instanceof Int32Array) return data;
      if (data instanceof BigInt64Array) return Int32Array.from(data, Number);
      throw new TypeError(`${name} is ${dtype}, not whole numbers.`);
    },
  };
}

async function readFloats(file: SafetensorsFile, name: string): Promise<FloatTensor> {
  const { data, dtype, shape } = await readTensor(file, name);
  if (data instanceof Float32Array) return { data, shape };
  throw new TypeError(`${name} is ${dtype}, not float.`);
}

export interface GoldenModel {
  readonly checkpoint: Checkpoint;
  readonly io: GoldenTensors;
}

/** A tiny model with random weights, and what diffusers made of its inputs. */
export async function openGoldenModel(name: GoldenModelName): Promise<GoldenModel> {
  const checkpoint = await openCheckpoint(join(goldenFolder, name));
  return { checkpoint, io: await openGoldenTensors(join(name, 'io.safetensors')) };
}
