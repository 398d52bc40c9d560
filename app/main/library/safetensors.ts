import { ModelError } from '#contract/errors.ts';
import { refuseOtherFormats } from './file-format.ts';
import { readRange, withFile } from './files.ts';
import { widenBf16, widenF16 } from './float16.ts';
import { parseHeader, type Dtype, type TensorEntry } from './safetensors-header.ts';

/** The file begins with the header's length, 8 bytes little-endian. */
const PREFIX_BYTES = 8;
/** The reference reader's limit: huggingface/safetensors v0.6.2, safetensors/src/tensor.rs, MAX_HEADER_SIZE. */
export const MAX_HEADER_BYTES = 100_000_000;
const SNIFF_BYTES = 512;
const OPENING_BRACE = 0x7b;

export interface SafetensorsFile {
  readonly path: string;
  readonly sizeBytes: number;
  readonly metadata: ReadonlyMap<string, string>;
  readonly tensors: ReadonlyMap<string, TensorEntry>;
}

/**
 * Reads and checks the header of a safetensors file; the weights are not read.
 * Throws MODEL_FORMAT_REFUSED for other formats, MODEL_HEADER_INVALID for a damaged header, MODEL_UNREADABLE.
 */
export function readSafetensorsHeader(path: string): Promise<SafetensorsFile> {
  return withFile(path, async (handle) => {
    const { size: sizeBytes } = await handle.stat();
    const head = await readRange(handle, 0, Math.min(sizeBytes, SNIFF_BYTES));
    const length = head.length >= PREFIX_BYTES ? head.readBigUInt64LE(0) : 0n;
    const fits =
      length >= 2n && length <= BigInt(sizeBytes - PREFIX_BYTES) && length <= BigInt(MAX_HEADER_BYTES);
    if (!fits || head[PREFIX_BYTES] !== OPENING_BRACE) {
      // A length below 1 TB before a "{" is a header all the same: damaged or cut short.
      if (length >= 2n ** 40n || head[PREFIX_BYTES] !== OPENING_BRACE) refuseOtherFormats(path, head);
      throw lengthProblem(path, length, sizeBytes, fits);
    }
    const bytes = await readRange(handle, PREFIX_BYTES, Number(length));
    const header = parseHeader(path, bytes, PREFIX_BYTES + Number(length), sizeBytes);
    return { path, sizeBytes, ...header };
  });
}

function lengthProblem(path: string, length: bigint, sizeBytes: number, fits: boolean): ModelError {
  const found =
    sizeBytes < PREFIX_BYTES
      ? `the file has ${sizeBytes} bytes, fewer than the ${PREFIX_BYTES} that any has`
      : fits
        ? 'its header does not start with "{"'
        : `its header claims ${length} bytes; allowed: 2 to ${Math.min(MAX_HEADER_BYTES, sizeBytes - PREFIX_BYTES)} in a file of ${sizeBytes} bytes`;
  return new ModelError(
    'MODEL_HEADER_INVALID',
    `${path} is not a whole safetensors file: ${found}. It is another format, damaged, or was cut short: download it again.`,
    { details: { path, headerBytes: String(length), sizeBytes } },
  );
}

export type TensorData =
  | Float32Array
  | Float64Array
  | BigInt64Array
  | BigUint64Array
  | Int32Array
  | Uint32Array
  | Int16Array
  | Uint16Array
  | Int8Array
  | Uint8Array;

export interface Tensor {
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  /** F16 and BF16 come widened to f32, BOOL as bytes. */
  readonly data: TensorData;
}

/** Reads one tensor whole. Not for the weights of a net: those stay in their file. */
export async function readTensor(file: SafetensorsFile, name: string): Promise<Tensor> {
  const entry = file.tensors.get(name);
  if (entry === undefined) {
    throw new ModelError(
      'MODEL_TENSORS_MISMATCH',
      `${file.path} has no tensor named ${JSON.stringify(name)}; it has ${file.tensors.size} others.`,
      { details: { path: file.path, missing: [name] } },
    );
  }
  const bytes = await withFile(file.path, (handle) => readRange(handle, entry.offsetBytes, entry.sizeBytes));
  if (bytes.length !== entry.sizeBytes) {
    throw new ModelError(
      'MODEL_UNREADABLE',
      `${file.path} became shorter while it was read: tensor ${name} has ${bytes.length} of ${entry.sizeBytes} bytes. Leave the file alone while it is in use.`,
      { details: { path: file.path, name } },
    );
  }
  // A fresh buffer: a pooled one may start at an address that wider elements cannot use.
  const buffer = new Uint8Array(bytes).buffer;
  return { dtype: entry.dtype, shape: entry.shape, data: decode(file.path, name, entry.dtype, buffer) };
}

/** The bytes are little-endian, as is every machine that Node's builds and the runtime support. */
function decode(path: string, name: string, dtype: Dtype, buffer: ArrayBuffer): TensorData {
  switch (dtype) {
    case 'F32':
      return new Float32Array(buffer);
    case 'F16':
      return widenF16(new Uint16Array(buffer));
    case 'BF16':
      return widenBf16(new Uint16Array(buffer));
    case 'F64':
      return new Float64Array(buffer);
    case 'I64':
      return new BigInt64Array(buffer);
    case 'U64':
      return new BigUint64Array(buffer);
    case 'I32':
      return new Int32Array(buffer);
    case 'U32':
      return new Uint32Array(buffer);
    case 'I16':
      return new Int16Array(buffer);
    case 'U16':
      return new Uint16Array(buffer);
    case 'I8':
      return new Int8Array(buffer);
    case 'U8':
    case 'BOOL':
      return new Uint8Array(buffer);
    case 'F8_E5M2':
    case 'F8_E4M3':
    case 'F8_E8M0':
    case 'C64':
      throw new ModelError(
        'MODEL_FORMAT_REFUSED',
        `${path}: tensor ${name} is ${dtype}; readable: floats of 16 to 64 bits, whole numbers, BOOL.`,
        { details: { path, name, dtype } },
      );
  }
}
