import { open } from 'node:fs/promises';

/** Source: huggingface/safetensors v0.6.2, README, "Format". */
const PREFIX_BYTES = 8;
/** The header is padded with spaces to this, so that the data after it is aligned. */
const ALIGNMENT_BYTES = 8;
const bytesOf = { F16: 2, F32: 4 } as const;

export interface TensorSpec {
  readonly name: string;
  readonly dtype: keyof typeof bytesOf;
  readonly shape: readonly number[];
}

/** The tensor's bytes, little-endian, in as many chunks as is convenient. */
export type Chunks = (tensor: TensorSpec) => Iterable<Uint8Array>;

export function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

export function tensorBytes({ dtype, shape }: TensorSpec): number {
  return elementCount(shape) * bytesOf[dtype];
}

/** Length prefix and header text; the data of the tensors follows in their order. */
export function safetensorsHeader(tensors: readonly TensorSpec[]): Buffer {
  const entries: Record<string, { dtype: string; shape: readonly number[]; data_offsets: [number, number] }> = {};
  let offset = 0;
  for (const tensor of tensors) {
    if (Object.hasOwn(entries, tensor.name)) throw new RangeError(`The tensor ${tensor.name} is given twice.`);
    const end = offset + tensorBytes(tensor);
    entries[tensor.name] = { dtype: tensor.dtype, shape: tensor.shape, data_offsets: [offset, end] };
    offset = end;
  }
  const text = Buffer.from(JSON.stringify(entries));
  const padded = Math.ceil(text.length / ALIGNMENT_BYTES) * ALIGNMENT_BYTES;
  const header = Buffer.alloc(PREFIX_BYTES + padded, ' ');
  header.writeBigUInt64LE(BigInt(padded));
  text.copy(header, PREFIX_BYTES);
  return header;
}

/** Streams a safetensors file: no more than one chunk is in memory. */
export async function writeSafetensors(path: string, tensors: readonly TensorSpec[], chunks: Chunks): Promise<void> {
  const file = await open(path, 'wx');
  try {
    await file.write(safetensorsHeader(tensors));
    for (const tensor of tensors) {
      let written = 0;
      for (const chunk of chunks(tensor)) {
        await file.write(chunk);
        written += chunk.byteLength;
      }
      if (written !== tensorBytes(tensor)) {
        throw new RangeError(`${tensor.name} takes ${tensorBytes(tensor)} bytes, but ${written} were given.`);
      }
    }
  } finally {
    await file.close();
  }
}

/** A small file of float32 tensors: what the two sides read their inputs from and leave their outputs in. */
export async function writeFloats(
  path: string,
  tensors: Readonly<Record<string, { readonly data: Float32Array; readonly shape: readonly number[] }>>,
): Promise<void> {
  const specs = Object.entries(tensors).map(([name, { shape }]): TensorSpec => ({ name, dtype: 'F32', shape }));
  await writeSafetensors(path, specs, ({ name }) => {
    const data = tensors[name]?.data ?? new Float32Array();
    return [new Uint8Array(data.buffer, data.byteOffset, data.byteLength)];
  });
}
