import { crc32 } from 'node:zlib';

/** A second reading of the PNG format, by its standard, to judge the files that the studio writes. */
export interface PngChunk {
  readonly type: string;
  readonly data: Buffer;
}

/** Throws when a CRC is wrong or the file ends early. */
export function readPngChunks(png: Buffer): PngChunk[] {
  const chunks: PngChunk[] = [];
  for (let at = 8; at < png.length;) {
    const length = png.readUInt32BE(at);
    const body = png.subarray(at + 4, at + 8 + length);
    if (png.readUInt32BE(at + 8 + length) !== crc32(body))
      throw new Error(`Wrong CRC in the chunk at ${at}.`);
    chunks.push({ type: body.toString('latin1', 0, 4), data: body.subarray(4) });
    at += 12 + length;
  }
  return chunks;
}

export function readPngTexts(png: Buffer): Map<string, string> {
  const texts = new Map<string, string>();
  for (const { type, data } of readPngChunks(png)) {
    const end = data.indexOf(0);
    const keyword = data.toString('latin1', 0, end);
    if (type === 'tEXt') texts.set(keyword, data.toString('latin1', end + 1));
    // Compression flag and method, then an empty language and an empty translated keyword.
    if (type === 'iTXt') texts.set(keyword, data.toString('utf8', end + 5));
  }
  return texts;
}
