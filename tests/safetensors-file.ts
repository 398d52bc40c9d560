import { open } from 'node:fs/promises';

export interface WrittenTensor {
  readonly dtype: string;
  readonly shape: readonly number[];
  /** Absent: zeros that take no room on the disk. */
  readonly data?: Uint8Array;
}

const widths: Readonly<Record<string, number>> = {
  F64: 8,
  I64: 8,
  F32: 4,
  I32: 4,
  F16: 2,
  BF16: 2,
  BOOL: 1,
  U8: 1,
};

export function tensorBytes({ dtype, shape }: WrittenTensor): number {
  return shape.reduce((product, dim) => product * dim, widths[dtype] ?? 1);
}

/** Writes a valid safetensors file. Without data it is sparse, so gigabytes cost nothing. */
export async function writeSafetensors(
  path: string,
  tensors: Readonly<Record<string, WrittenTensor>>,
  metadata?: Readonly<Record<string, string>>,
): Promise<void> {
  let end = 0;
  const entries = Object.entries(tensors).map(([name, tensor]) => {
    const begin = end;
    end += tensorBytes(tensor);
    const { dtype, shape } = tensor;
    return { name, tensor, begin, value: { dtype, shape, data_offsets: [begin, end] } };
  });
  const header: [string, unknown][] = entries.map(({ name, value }) => [name, value]);
  if (metadata !== undefined) header.unshift(['__metadata__', metadata]);
  const text = Buffer.from(JSON.stringify(Object.fromEntries(header)));
  await writeRaw(path, text, end, async (write) => {
    for (const { tensor, begin } of entries) if (tensor.data !== undefined) await write(tensor.data, begin);
  });
}

/** Writes any header bytes, however wrong, before `dataBytes` zeros. `claimedBytes`: what the length field says. */
export async function writeHeader(
  path: string,
  header: string | Uint8Array,
  dataBytes = 0,
  claimedBytes?: bigint,
): Promise<void> {
  await writeRaw(path, Buffer.from(header), dataBytes, () => undefined, claimedBytes);
}

type Write = (data: Uint8Array, offset: number) => Promise<unknown>;

async function writeRaw(
  path: string,
  header: Buffer,
  dataBytes: number,
  fill: (write: Write) => Promise<unknown> | undefined,
  claimedBytes = BigInt(header.length),
): Promise<void> {
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(claimedBytes);
  const file = await open(path, 'w');
  try {
    await file.write(length);
    await file.write(header, 0, header.length, length.length);
    await file.truncate(length.length + header.length + dataBytes);
    await fill((data, offset) => file.write(data, 0, data.length, length.length + header.length + offset));
  } finally {
    await file.close();
  }
}
