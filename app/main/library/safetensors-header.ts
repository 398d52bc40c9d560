import { ModelError } from '#contract/errors.ts';
import { isObject, showValue } from './files.ts';
import { findDuplicateKey } from './json-keys.ts';

/** Bytes of one element. Source: huggingface/safetensors v0.6.2, safetensors/src/tensor.rs, enum Dtype (the whole-byte ones). */
export const elementBytes = {
  BOOL: 1,
  U8: 1,
  I8: 1,
  F8_E5M2: 1,
  F8_E4M3: 1,
  F8_E8M0: 1,
  I16: 2,
  U16: 2,
  F16: 2,
  BF16: 2,
  I32: 4,
  U32: 4,
  F32: 4,
  I64: 8,
  U64: 8,
  F64: 8,
  C64: 8,
} as const;
export type Dtype = keyof typeof elementBytes;

/** Longest real tensor name is under 150 characters; dimensions of real tensors are at most 5. */
const MAX_NAME_LENGTH = 512;
const MAX_RANK = 16;

export interface TensorEntry {
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  /** From the start of the file. */
  readonly offsetBytes: number;
  readonly sizeBytes: number;
}

export interface Header {
  readonly metadata: ReadonlyMap<string, string>;
  readonly tensors: ReadonlyMap<string, TensorEntry>;
}

/** Why a header is refused: what was found and what is allowed, without the file's name. */
class HeaderProblem extends Error {}

/**
 * Checks the bytes of a safetensors header and gives its tensors.
 * Offsets must cover the data exactly, as in the reference reader: no hole, no overlap, nothing behind the last tensor.
 */
export function parseHeader(
  path: string,
  bytes: Uint8Array,
  dataOffsetBytes: number,
  fileBytes: number,
): Header {
  try {
    const entries = Object.entries(parseObject(bytes));
    const metadata = new Map<string, string>();
    const tensors = new Map<string, TensorEntry>();
    for (const [name, value] of entries) {
      if (name === '__metadata__') readMetadata(value, metadata);
      else tensors.set(checkName(name), readEntry(name, value, dataOffsetBytes));
    }
    checkCoverage(tensors, dataOffsetBytes, fileBytes);
    return { metadata, tensors };
  } catch (error) {
    if (!(error instanceof HeaderProblem)) throw error;
    throw new ModelError(
      'MODEL_HEADER_INVALID',
      `${path} has a damaged safetensors header: ${error.message}. Download the file again, and compare its size or checksum with the publisher's.`,
      { details: { path, problem: error.message } },
    );
  }
}

function parseObject(bytes: Uint8Array): object {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new HeaderProblem('it is not valid UTF-8');
  }
  if (!text.startsWith('{')) throw new HeaderProblem('it does not start with "{"');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new HeaderProblem(
      `it is not valid JSON (${error instanceof Error ? showValue(error.message) : 'unknown'})`,
    );
  }
  const duplicate = findDuplicateKey(text);
  if (duplicate !== undefined) throw new HeaderProblem(`the key ${showValue(duplicate)} stands in it twice`);
  if (!isObject(value)) throw new HeaderProblem('it is not a JSON object');
  return value;
}

function readMetadata(value: unknown, into: Map<string, string>): void {
  if (!isObject(value)) throw new HeaderProblem('"__metadata__" is not an object');
  for (const [key, text] of Object.entries(value)) {
    if (typeof text !== 'string')
      throw new HeaderProblem(`"__metadata__" has ${showValue(key)}, which is not text`);
    into.set(key, text);
  }
}

function checkName(name: string): string {
  if (name.length === 0 || name.length > MAX_NAME_LENGTH) {
    throw new HeaderProblem(
      `a tensor's name has ${name.length} characters (${showValue(name)}); allowed: 1 to ${MAX_NAME_LENGTH}`,
    );
  }
  // Control characters and lone surrogates cannot be shown, and no writer makes them.
  if (/\p{Cc}/u.test(name) || !name.isWellFormed()) {
    throw new HeaderProblem(`the tensor name ${showValue(name)} has characters that cannot be shown`);
  }
  return name;
}

function isDtype(value: unknown): value is Dtype {
  return typeof value === 'string' && Object.hasOwn(elementBytes, value);
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function readEntry(name: string, value: unknown, dataOffsetBytes: number): TensorEntry {
  const tensor = `tensor ${showValue(name)}`;
  if (!isObject(value)) throw new HeaderProblem(`${tensor} is described by something that is not an object`);
  const { dtype, shape, data_offsets: offsets } = value;
  if (!isDtype(dtype)) {
    const known = Object.keys(elementBytes).join(', ');
    throw new HeaderProblem(
      `${tensor} has the dtype ${dtype === undefined ? 'none' : showValue(dtype)}; known: ${known}`,
    );
  }
  if (!Array.isArray(shape) || shape.length > MAX_RANK || !shape.every(isCount)) {
    throw new HeaderProblem(
      `${tensor} has a shape that is not a list of at most ${MAX_RANK} whole numbers from 0 to 2^53−1`,
    );
  }
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isCount)) {
    throw new HeaderProblem(`${tensor} has data_offsets that are not two whole numbers from 0 to 2^53−1`);
  }
  const [begin = 0, end = 0] = offsets;
  const sizeBytes = shape.reduce((product, dim) => product * dim, elementBytes[dtype]);
  if (end < begin || end - begin !== sizeBytes) {
    throw new HeaderProblem(
      `${tensor} spans the bytes ${begin} to ${end}, but ${dtype} [${shape.join(', ')}] takes ${sizeBytes} bytes`,
    );
  }
  return { dtype, shape, offsetBytes: dataOffsetBytes + begin, sizeBytes };
}

function checkCoverage(
  tensors: ReadonlyMap<string, TensorEntry>,
  dataOffsetBytes: number,
  fileBytes: number,
): void {
  const inOrder = [...tensors].sort(
    ([, a], [, b]) => a.offsetBytes - b.offsetBytes || a.sizeBytes - b.sizeBytes,
  );
  let covered = dataOffsetBytes;
  for (const [name, entry] of inOrder) {
    const tensor = `tensor ${showValue(name)}`;
    if (entry.offsetBytes < covered) throw new HeaderProblem(`${tensor} overlaps the tensor before it`);
    if (entry.offsetBytes > covered) {
      throw new HeaderProblem(`${entry.offsetBytes - covered} bytes before ${tensor} belong to no tensor`);
    }
    covered = entry.offsetBytes + entry.sizeBytes;
  }
  if (covered > fileBytes) {
    throw new HeaderProblem(
      `its tensors end at byte ${covered}, but the file has ${fileBytes} bytes: ${covered - fileBytes} are missing, so the download was cut short`,
    );
  }
  if (covered < fileBytes)
    throw new HeaderProblem(`${fileBytes - covered} bytes at the end belong to no tensor`);
}
