import sharp from 'sharp';
import { crc32 } from 'node:zlib';

/** Pictures as PNG files with a text that other studios read. PNG: W3C Recommendation, third edition, sections 5 and 11.3.3. */

const signatureBytes = 8;
/** Length, type and CRC around a chunk's data. */
const chunkFrameBytes = 12;
/** IHDR comes first and its data are always this long. */
const headerDataBytes = 13;

export async function encodePng(
  rgb: Uint8Array,
  widthPx: number,
  heightPx: number,
  texts: ReadonlyMap<string, string>,
): Promise<Buffer> {
  const png = await sharp(rgb, { raw: { width: widthPx, height: heightPx, channels: 3 } })
    .png({ compressionLevel: 6 })
    .toBuffer();
  const afterHeader = signatureBytes + chunkFrameBytes + headerDataBytes;
  const chunks = [...texts].map(([keyword, text]) => textChunk(keyword, text));
  return Buffer.concat([png.subarray(0, afterHeader), ...chunks, png.subarray(afterHeader)]);
}

/** tEXt where Latin-1 can say it, else iTXt (uncompressed, no language), as Pillow chooses. */
function textChunk(keyword: string, text: string): Buffer {
  const isLatin1 = Buffer.from(text, 'latin1').toString('latin1') === text;
  return isLatin1
    ? chunk('tEXt', Buffer.from(`${keyword}\0${text}`, 'latin1'))
    : chunk(
        'iTXt',
        Buffer.concat([Buffer.from(`${keyword}\0\0\0\0\0`, 'latin1'), Buffer.from(text, 'utf8')]),
      );
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const out = Buffer.alloc(chunkFrameBytes + data.length);
  out.writeUInt32BE(data.length, 0);
  body.copy(out, 4);
  out.writeUInt32BE(crc32(body), 4 + body.length);
  return out;
}
