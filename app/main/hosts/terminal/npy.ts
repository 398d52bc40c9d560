/** Arrays as NumPy's .npy, format 1.0: magic, version, header length, a Python dict, the data (numpy.lib.format). */
const magic = Buffer.from('\x93NUMPY\x01\x00', 'latin1');
const alignment = 64;
const lengthFieldBytes = 2;

export function encodeNpy(data: Int32Array, shape: readonly number[]): Buffer {
  const tuple = shape.length === 1 ? `(${shape.join()},)` : `(${shape.join(', ')})`;
  const dict = `{'descr': '<i4', 'fortran_order': False, 'shape': ${tuple}, }`;
  const before = magic.length + lengthFieldBytes;
  // The header ends in a line feed, and the data begin at a multiple of 64 bytes.
  const padding = (alignment - ((before + dict.length + 1) % alignment)) % alignment;
  const header = Buffer.from(`${dict}${' '.repeat(padding)}\n`, 'latin1');
  const length = Buffer.alloc(lengthFieldBytes);
  length.writeUInt16LE(header.length);
  const body = Buffer.alloc(data.length * Int32Array.BYTES_PER_ELEMENT);
  data.forEach((value, i) => body.writeInt32LE(value, i * Int32Array.BYTES_PER_ELEMENT));
  return Buffer.concat([magic, length, header, body]);
}
