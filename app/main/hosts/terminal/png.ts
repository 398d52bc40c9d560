import sharp from 'sharp';
import { writePngText } from '#contract/png/text.ts';

/** Pictures as PNG files with a text that other studios read. */
export async function encodePng(
  rgb: Uint8Array,
  widthPx: number,
  heightPx: number,
  texts: ReadonlyMap<string, string>,
): Promise<Buffer> {
  const raw = { width: widthPx, height: heightPx, channels: 3 } as const;
  const png = await sharp(rgb, { raw }).png({ compressionLevel: 6 }).toBuffer();
  return Buffer.from(writePngText(png, texts).buffer);
}
