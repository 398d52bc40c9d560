import { open, type FileHandle } from 'node:fs/promises';
import { createWriteStream } from 'node:fs';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createHash } from 'node:crypto';
import { crc32, createInflateRaw } from 'node:zlib';
import { EngineError } from '#contract/errors.ts';

/** Single files out of a large ZIP on the disk, by its directory (PKWARE APPNOTE 6.3, sections 4.3.7, 4.3.12, 4.3.16). */

export interface ZipEntry {
  readonly name: string;
  readonly method: number;
  readonly crc32: number;
  readonly packedBytes: number;
  readonly sizeBytes: number;
  readonly headerAt: number;
}

const endSignature = 0x06054b50;
const entrySignature = 0x02014b50;
const headerSignature = 0x04034b50;
const endBytes = 22;
const longestComment = 0xffff;
const entryBytes = 46;
const headerBytes = 30;
const methods = { stored: 0, deflated: 8 } as const;

/** Throws EXTRA_FAILED where the file is no whole ZIP. */
export async function readZipDirectory(path: string): Promise<ZipEntry[]> {
  const file = await open(path);
  try {
    const { size } = await file.stat();
    const tail = await read(
      file,
      Math.max(0, size - endBytes - longestComment),
      Math.min(size, endBytes + longestComment),
    );
    const end = lastIndexOf(tail, endSignature);
    if (end === -1) throw damaged(path, 'it has no directory at its end');
    const count = tail.readUInt16LE(end + 10);
    const directory = await read(file, tail.readUInt32LE(end + 16), tail.readUInt32LE(end + 12));
    const entries: ZipEntry[] = [];
    let at = 0;
    for (let i = 0; i < count; i++) {
      if (at + entryBytes > directory.length || directory.readUInt32LE(at) !== entrySignature)
        throw damaged(path, `entry ${i} of its directory is unreadable`);
      const nameBytes = directory.readUInt16LE(at + 28);
      entries.push({
        name: directory.toString('utf8', at + entryBytes, at + entryBytes + nameBytes),
        method: directory.readUInt16LE(at + 10),
        crc32: directory.readUInt32LE(at + 16),
        packedBytes: directory.readUInt32LE(at + 20),
        sizeBytes: directory.readUInt32LE(at + 24),
        headerAt: directory.readUInt32LE(at + 42),
      });
      at += entryBytes + nameBytes + directory.readUInt16LE(at + 30) + directory.readUInt16LE(at + 32);
    }
    return entries;
  } finally {
    await file.close();
  }
}

/** Unpacks one entry to `target`, checks its size and CRC-32, and returns its SHA-256. */
export async function extractEntry(
  path: string,
  entry: ZipEntry,
  target: string,
  signal?: AbortSignal,
): Promise<string> {
  const file = await open(path);
  try {
    const header = await read(file, entry.headerAt, headerBytes);
    if (header.readUInt32LE(0) !== headerSignature) throw damaged(path, `${entry.name} has no header`);
    const start = entry.headerAt + headerBytes + header.readUInt16LE(26) + header.readUInt16LE(28);
    const packed = file.createReadStream({ start, end: start + entry.packedBytes - 1, autoClose: false });
    const sum = createHash('sha256');
    let crc = 0;
    let bytes = 0;
    const count = new Transform({
      transform(chunk: Buffer, _, done) {
        crc = crc32(chunk, crc);
        bytes += chunk.length;
        sum.update(chunk);
        done(null, chunk);
      },
    });
    const out = createWriteStream(target, { flags: 'wx' });
    const options = signal === undefined ? {} : { signal };
    if (entry.method === methods.deflated) await pipeline(packed, createInflateRaw(), count, out, options);
    else if (entry.method === methods.stored) await pipeline(packed, count, out, options);
    else throw damaged(path, `${entry.name} is packed in a way (${entry.method}) that is not read here`);
    if (bytes !== entry.sizeBytes || crc !== entry.crc32)
      throw damaged(path, `${entry.name} is not what its directory says`);
    return sum.digest('hex');
  } finally {
    await file.close();
  }
}

async function read(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, position);
  return buffer.subarray(0, bytesRead);
}

function lastIndexOf(bytes: Buffer, signature: number): number {
  for (let at = bytes.length - endBytes; at >= 0; at--) if (bytes.readUInt32LE(at) === signature) return at;
  return -1;
}

function damaged(path: string, what: string): EngineError {
  return new EngineError(
    'EXTRA_FAILED',
    `The downloaded package is damaged: ${what}. Nothing was kept; try again.`,
    {
      details: { path },
    },
  );
}
