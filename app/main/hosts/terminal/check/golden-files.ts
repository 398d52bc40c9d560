import { readFile } from 'node:fs/promises';
import * as v from 'valibot';
import { readTensor } from '#library/safetensors.ts';
import type { SafetensorsFile } from '#library/safetensors.ts';
import { checkError } from './cases.ts';

/** Reads a JSON file as Python writes it: NaN and infinities, which JSON does not know, become null. */
export async function readPythonJson<S extends v.GenericSchema>(
  path: string,
  schema: S,
): Promise<v.InferOutput<S>> {
  let values: unknown;
  try {
    values = JSON.parse(withoutInfinities(await readFile(path, 'utf8')));
  } catch (cause) {
    throw checkError(`${path} cannot be read: ${cause instanceof Error ? cause.message : String(cause)}.`);
  }
  const result = v.safeParse(schema, values);
  if (result.success) return result.output;
  const [issue] = result.issues;
  throw checkError(
    `${path} has another form than is checked here: ${v.getDotPath(issue) ?? ''} ${issue.message}.`,
  );
}

function withoutInfinities(text: string): string {
  return text.replaceAll(/"(?:[^"\\]|\\.)*"|-?Infinity|NaN/gu, (found) =>
    found.startsWith('"') ? found : 'null',
  );
}

export interface FloatTensor {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

export async function readFloats(file: SafetensorsFile, name: string): Promise<FloatTensor> {
  const { shape, data } = await readTensor(file, name);
  if (!(data instanceof Float32Array)) throw checkError(`${file.path}: ${name} is not made of floats.`);
  return { shape, data };
}

export async function readInts(
  file: SafetensorsFile,
  name: string,
): Promise<{ shape: readonly number[]; data: Int32Array }> {
  const { dtype, shape, data } = await readTensor(file, name);
  if (data instanceof Int32Array) return { shape, data };
  if (data instanceof BigInt64Array) return { shape, data: Int32Array.from(data, Number) };
  throw checkError(`${file.path}: ${name} is ${dtype}; expected I32 or I64.`);
}

/** A dimension that must be there. */
export function dim(what: string, shape: readonly number[], index: number): number {
  const size = shape[index];
  if (size === undefined)
    throw checkError(`${what} has the shape [${shape.join(', ')}]; more dimensions are expected.`);
  return size;
}
