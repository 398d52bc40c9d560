import sharp from 'sharp';

const iconPx = 128;

/** PNG, since the system's drag icons know no WebP. */
export async function dragIcon(picture: Uint8Array): Promise<Buffer> {
  return await sharp(picture).resize(iconPx, iconPx, { fit: 'inside' }).png().toBuffer();
}
