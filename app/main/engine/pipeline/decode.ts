import { vaeDownscale, type VaeConfig } from '#kernels/nets/configs.ts';
import type { VaeDecoder } from '../nets/vae.ts';
import { fitsWhole, tileSide, tilesAlong } from './tile-size.ts';
import { TileCanvas, cutTile, ramp } from './tiles.ts';

export interface Decoded {
  /** [3, H, W] in −1..1. */
  readonly planes: Float32Array;
  readonly tiles: number;
}

/** Latents of one picture as the U-Net knows them, [C, h, w] → pixels; in tiles with blended edges when it is large. */
export async function decodeLatents(
  decoder: VaeDecoder,
  config: VaeConfig,
  latents: Float32Array,
  latentH: number,
  latentW: number,
  betweenTiles: () => Promise<void>,
): Promise<Decoded> {
  const unscaled = latents.map((value) => value / config.scalingFactor);
  if (fitsWhole(config, latentH, latentW)) {
    return { planes: await decoder.run(unscaled, 1, latentH, latentW), tiles: 1 };
  }
  return decodeTiles(decoder, config, unscaled, latentH, latentW, tileSide(config), betweenTiles);
}

export async function decodeTiles(
  decoder: VaeDecoder,
  config: VaeConfig,
  unscaled: Float32Array,
  latentH: number,
  latentW: number,
  /** Of a tile, in latents. */
  largest: number,
  betweenTiles: () => Promise<void>,
): Promise<Decoded> {
  const scale = vaeDownscale(config);
  const rows = tilesAlong(latentH, largest);
  const columns = tilesAlong(latentW, largest);
  const canvas = new TileCanvas(latentW * scale, latentH * scale);
  for (const [j, row] of rows.entries()) {
    for (const [i, column] of columns.entries()) {
      const tile = cutTile(unscaled, config.latentChannels, latentH, latentW, row, column);
      const planes = await decoder.run(tile, 1, row.length, column.length);
      canvas.add(
        planes,
        row.start * scale,
        column.start * scale,
        ramp(rows, j, scale),
        ramp(columns, i, scale),
      );
      await betweenTiles();
    }
  }
  return { planes: canvas.finish(), tiles: rows.length * columns.length };
}
