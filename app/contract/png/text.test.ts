import { deflateSync } from 'node:zlib';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { crc32 } from './crc32.ts';
import { readPngText, writePngText } from './text.ts';

const plain = await sharp({ create: { width: 8, height: 6, channels: 3, background: '#123' } })
  .png()
  .toBuffer();

function chunk(type: string, data: Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const out = Buffer.alloc(body.length + 8);
  out.writeUInt32BE(data.length, 0);
  body.copy(out, 4);
  out.writeUInt32BE(crc32(body), 4 + body.length);
  return out;
}
const afterHeader = 33;
const withChunk = (extra: Buffer) =>
  Buffer.concat([plain.subarray(0, afterHeader), extra, plain.subarray(afterHeader)]);

describe('texts of a PNG', () => {
  it('are read as they were written, in Latin-1 and beyond', async () => {
    const texts = new Map([
      ['parameters', 'a red sun\nSteps: 4'],
      ['tessera', '붉은 해'],
    ]);
    const png = writePngText(plain, texts);
    expect(readPngText(png)).toEqual({ widthPx: 8, heightPx: 6, texts });
    expect((await sharp(png).metadata()).width).toBe(8);
  });

  it('are unpacked from zTXt', () => {
    const data = Buffer.concat([Buffer.from('parameters\0\0', 'latin1'), deflateSync('hello')]);
    expect(readPngText(withChunk(chunk('zTXt', data))).texts.get('parameters')).toBe('hello');
  });

  it.each([
    ['no PNG', Buffer.from('GIF89a')],
    ['only a signature', plain.subarray(0, 8)],
    [
      'a chunk that runs past the end',
      Buffer.concat([
        plain.subarray(0, afterHeader),
        Buffer.from([0x7f, 0xff, 0xff, 0xff]),
        Buffer.from('tEXt'),
        Buffer.alloc(20),
      ]),
    ],
    ['a wrong checksum', Buffer.concat([plain.subarray(0, 18), Buffer.from([9]), plain.subarray(19)])],
    [
      'a compressed text that unpacks without end',
      withChunk(
        chunk(
          'zTXt',
          Buffer.concat([Buffer.from('a\0\0', 'latin1'), deflateSync(Buffer.alloc(64 * 2 ** 20))]),
        ),
      ),
    ],
    ['a compressed text that is none', withChunk(chunk('zTXt', Buffer.from('a\0\0garbage', 'latin1')))],
    [
      'another chunk first',
      Buffer.concat([plain.subarray(0, 8), chunk('tEXt', Buffer.from('a\0b', 'latin1')), plain.subarray(8)]),
    ],
  ])('are refused from %s', (_, bytes) => {
    expect(() => readPngText(bytes)).toThrow(expect.objectContaining({ code: 'PICTURE_UNREADABLE' }));
  });
});
