import { ContractError } from '#contract/errors.ts';

/** Arrays as NumPy's .npy, format 1.0: magic, version, header length, a Python dict, the data (numpy.lib.format). Little-endian i4 and f4. */
export type NpyData = Int32Array | Float32Array;
export interface NpyArray {
  readonly data: NpyData;
  readonly shape: readonly number[];
}

const magic = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0];
const prefixBytes = magic.length + 2;
const alignment = 64;
const itemBytes = 4;
/** As nearly every machine is: then bytes are copied as they lie. */
const isLittleEndian = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;
const headerPattern =
  /^\{'descr': '(<i4|<f4)', 'fortran_order': False, 'shape': \((\d*(?:, \d+)*),?\), \}\s*$/;

export function encodeNpy(data: NpyData, shape: readonly number[]): Uint8Array {
  const descr = data instanceof Int32Array ? '<i4' : '<f4';
  const tuple = shape.length === 1 ? `(${shape.join()},)` : `(${shape.join(', ')})`;
  const dict = `{'descr': '${descr}', 'fortran_order': False, 'shape': ${tuple}, }`;
  // The header ends in a line feed, and the data begin at a multiple of 64 bytes.
  const padding = (alignment - ((prefixBytes + dict.length + 1) % alignment)) % alignment;
  const header = new TextEncoder().encode(`${dict}${' '.repeat(padding)}\n`);
  const out = new Uint8Array(prefixBytes + header.length + data.length * itemBytes);
  const view = new DataView(out.buffer);
  out.set(magic);
  view.setUint16(magic.length, header.length, true);
  out.set(header, prefixBytes);
  const start = prefixBytes + header.length;
  if (isLittleEndian) {
    out.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), start);
    return out;
  }
  for (let i = 0; i < data.length; i++) {
    if (descr === '<i4') view.setInt32(start + i * itemBytes, data[i] ?? 0, true);
    else view.setFloat32(start + i * itemBytes, data[i] ?? 0, true);
  }
  return out;
}

/** Reads what encodeNpy writes. Throws ARCHIVE_INVALID for anything else. */
export function decodeNpy(bytes: Uint8Array): NpyArray {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < prefixBytes || magic.some((byte, i) => bytes[i] !== byte))
    throw invalid('it is not NumPy format 1.0');
  const start = prefixBytes + view.getUint16(magic.length, true);
  if (start > bytes.length) throw invalid('its header is longer than the file');
  const header = new TextDecoder('latin1').decode(bytes.subarray(prefixBytes, start));
  const match = headerPattern.exec(header);
  if (match === null) throw invalid(`its header is ${JSON.stringify(header.slice(0, 120))}`);
  const shape = (match[2] ?? '')
    .split(', ')
    .filter((text) => text !== '')
    .map(Number);
  const count = shape.reduce((product, dim) => product * dim, 1);
  if (count * itemBytes !== bytes.length - start)
    throw invalid(
      `its shape [${shape.join(', ')}] needs ${count * itemBytes} bytes, it has ${bytes.length - start}`,
    );
  const data = match[1] === '<i4' ? new Int32Array(count) : new Float32Array(count);
  if (isLittleEndian) {
    new Uint8Array(data.buffer).set(bytes.subarray(start));
    return { data, shape };
  }
  for (let i = 0; i < count; i++) {
    const at = start + i * itemBytes;
    data[i] = data instanceof Int32Array ? view.getInt32(at, true) : view.getFloat32(at, true);
  }
  return { data, shape };
}

function invalid(why: string): ContractError {
  return new ContractError(
    'ARCHIVE_INVALID',
    `An array in the file cannot be read: ${why}. Expected little-endian i4 or f4.`,
  );
}
