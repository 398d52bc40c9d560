import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';

/** Draws the app icon in every size that desktops ask for: `npm run icons`. */
const sizesPx = [16, 32, 48, 64, 128, 256, 512, 1024];
const root = join(import.meta.dirname, '..');
const svg = await readFile(join(root, 'app/renderer/icon.svg'));
const drawnAtPx = 1024;
const pointsPerInch = 72;

await Promise.all(
  sizesPx.map((px) =>
    sharp(svg, { density: (pointsPerInch * Math.max(px * 4, 256)) / drawnAtPx })
      .resize(px, px)
      .png({ compressionLevel: 9 })
      .toFile(join(root, `build/icons/${px}.png`)),
  ),
);
