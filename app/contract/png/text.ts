import { Unzlib } from 'fflate';
import { ContractError } from '#contract/errors.ts';
import { crc32 } from './crc32.ts';

/** Texts inside a PNG, read without decoding it. PNG: W3C Recommendation, third edition, sections 5 and 11.3.3. */
export interface PngText {
  readonly widthPx: number;
  readonly heightPx: number;
  /** Keyword → text, in the order found; the first of a keyword counts. */
  readonly texts: ReadonlyMap<string, string>;
}

const signature = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
/** Length, type and CRC around a chunk's data. */
const frameBytes = 12;
const headerDataBytes = 13;
const maxTextBytes = 4 * 2 ** 20;
/** Of all texts together: many small ones can unpack to as much as one large one. */
const maxTotalBytes = 16 * 2 ** 20;
const textTypes: ReadonlySet<string> = new Set(['tEXt', 'zTXt', 'iTXt']);
const maxChunks = 100_000;
/** One byte of deflate unpacks to at most 1032. */
const inflateStepBytes = 4096;

/** Throws PICTURE_UNREADABLE for what is no PNG or is damaged before its texts end. */
export function readPngText(bytes: Uint8Array): PngText {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (signature.some((byte, i) => bytes[i] !== byte)) throw unreadable('it is not a PNG');
  const texts = new Map<string, string>();
  let size: { widthPx: number; heightPx: number } | undefined;
  let at = signature.length;
  let total = 0;
  for (let chunk = 0; chunk < maxChunks && at + frameBytes <= bytes.length; chunk++) {
    const length = view.getUint32(at);
    const type = latin1(bytes.subarray(at + 4, at + 8));
    if (at + frameBytes + length > bytes.length)
      throw unreadable(`its chunk ${JSON.stringify(type)} runs past its end`);
    const data = bytes.subarray(at + 8, at + 8 + length);
    // Pixels are left to the decoder; what is read here is checked here.
    const isRead = type === 'IHDR' || textTypes.has(type);
    if (isRead && length > maxTextBytes)
      throw unreadable(`its chunk ${JSON.stringify(type)} is larger than ${maxTextBytes} bytes`);
    if (isRead && crc32(bytes.subarray(at + 4, at + 8 + length)) !== view.getUint32(at + 8 + length))
      throw unreadable(`the checksum of its chunk ${JSON.stringify(type)} is wrong`);
    if (chunk === 0) {
      if (type !== 'IHDR' || length !== headerDataBytes) throw unreadable('it does not begin with its size');
      size = { widthPx: view.getUint32(at + 8), heightPx: view.getUint32(at + 12) };
    }
    const text = readText(type, data);
    if (text !== undefined && !texts.has(text.keyword)) texts.set(text.keyword, text.text);
    total += text?.text.length ?? 0;
    if (total > maxTotalBytes) throw unreadable(`its texts are larger than ${maxTotalBytes} bytes together`);
    if (type === 'IEND') break;
    at += frameBytes + length;
  }
  if (size === undefined) throw unreadable('it has no content');
  return { ...size, texts };
}

function readText(type: string, data: Uint8Array): { keyword: string; text: string } | undefined {
  if (!textTypes.has(type)) return undefined;
  const end = data.indexOf(0);
  if (end < 0) return undefined;
  const keyword = latin1(data.subarray(0, end));
  const rest = data.subarray(end + 1);
  if (type === 'tEXt') return { keyword, text: latin1(rest) };
  if (type === 'zTXt') return { keyword, text: latin1(inflate(rest.subarray(1))) };
  const compressed = rest[0] === 1;
  const language = rest.indexOf(0, 2);
  const translated = language < 0 ? -1 : rest.indexOf(0, language + 1);
  if (translated < 0) return undefined;
  const body = rest.subarray(translated + 1);
  return { keyword, text: new TextDecoder().decode(compressed ? inflate(body) : body) };
}

/** In pieces, so that a text made to unpack without end is stopped at the limit. */
function inflate(data: Uint8Array): Uint8Array {
  const pieces: Uint8Array[] = [];
  let total = 0;
  const stream = new Unzlib((piece) => {
    total += piece.length;
    if (total > maxTextBytes) throw unreadable(`one of its texts unpacks to more than ${maxTextBytes} bytes`);
    pieces.push(piece);
  });
  try {
    for (let i = 0; i < data.length; i += inflateStepBytes)
      stream.push(data.subarray(i, i + inflateStepBytes), i + inflateStepBytes >= data.length);
  } catch (error) {
    if (error instanceof ContractError) throw error;
    throw unreadable(
      `one of its texts cannot be unpacked (${error instanceof Error ? error.message : String(error)})`,
    );
  }
  const out = new Uint8Array(total);
  let at = 0;
  for (const piece of pieces) {
    out.set(piece, at);
    at += piece.length;
  }
  return out;
}

function latin1(data: Uint8Array): string {
  let text = '';
  const piece = 8192;
  for (let i = 0; i < data.length; i += piece) text += String.fromCharCode(...data.subarray(i, i + piece));
  return text;
}

function unreadable(why: string): ContractError {
  return new ContractError(
    'PICTURE_UNREADABLE',
    `The settings of this picture cannot be read: ${why}. Drop a PNG as Tessera, A1111 or Forge saved it.`,
  );
}

/** Puts texts behind the size: tEXt where Latin-1 can say it, else iTXt (uncompressed, no language), as Pillow chooses. */
export function writePngText(png: Uint8Array, texts: ReadonlyMap<string, string>): Uint8Array {
  const after = signature.length + frameBytes + headerDataBytes;
  const chunks = [...texts].map(([keyword, text]) => textChunk(keyword, text));
  const out = new Uint8Array(png.length + chunks.reduce((sum, chunk) => sum + chunk.length, 0));
  out.set(png.subarray(0, after));
  let at = after;
  for (const chunk of chunks) {
    out.set(chunk, at);
    at += chunk.length;
  }
  out.set(png.subarray(after), at);
  return out;
}

function textChunk(keyword: string, text: string): Uint8Array {
  const isLatin1 = /^[\0-\xff]*$/.test(text);
  const head = isLatin1 ? `tEXt${keyword}\0` : `iTXt${keyword}\0\0\0\0\0`;
  const data = isLatin1 ? bytesOf(text) : new TextEncoder().encode(text);
  const out = new Uint8Array(head.length + data.length + 8);
  const view = new DataView(out.buffer);
  const end = out.length - 4;
  view.setUint32(0, end - 8);
  out.set(bytesOf(head), 4);
  out.set(data, 4 + head.length);
  view.setUint32(end, crc32(out.subarray(4, end)));
  return out;
}

function bytesOf(latin1Text: string): Uint8Array {
  return Uint8Array.from(latin1Text, (char) => char.charCodeAt(0));
}
