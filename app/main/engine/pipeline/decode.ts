import { vaeDownscale, type VaeConfig } from '#kernels/nets/configs.ts';
import type { VaeDecoder } from '../nets/vae.ts';
import { TileCanvas, cutTile, ramp, tileSpans } from './tiles.ts';

export interface Decoded {
  /** [3, H, W] in −1..1. */
  readonly planes: Float32Array;
  readonly tiles: number;
}

const GiB = 1024 ** 3;
/**
 * A picture that needs more is decoded in tiles of the largest size that does not. Tiles differ from the whole (norms and
 * attention see less at a time: 30 to 40 dB on flat colours), the less the larger they are.
 */
const budgetBytes = 2.5 * GiB;
const tileStep = 8;
const minTile = 32;
/** Share of a tile's side that it has in common with its neighbour. */
const overlapShare = 1 / 4;
/** Tensors of the full size that are alive at once in a residual block: input, skip, two between. */
const liveTensors = 3.5;

/** Memory of one decoding: the last level's tensors, which still have the channels of the level before, and attention's scores. */
export function decodeBytes(config: VaeConfig, latentH: number, latentW: number): number {
  const scale = vaeDownscale(config);
  const channels = Math.max(...config.blockOutChannels.slice(0, 2));
  const tensors = liveTensors * channels * latentH * scale * latentW * scale;
  const scores = config.midBlockAttention ? (latentH * latentW) ** 2 : 0;
  return Float32Array.BYTES_PER_ELEMENT * (tensors + scores);
}

/** Side of the largest square tile within the budget. */
export function tileSide(config: VaeConfig): number {
  let side = minTile;
  while (decodeBytes(config, side + tileStep, side + tileStep) <= budgetBytes) side += tileStep;
  return side;
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
  if (decodeBytes(config, latentH, latentW) <= budgetBytes) {
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
  side: number,
  betweenTiles: () => Promise<void>,
): Promise<Decoded> {
  const scale = vaeDownscale(config);
  const overlap = Math.round(side * overlapShare);
  const rows = tileSpans(latentH, side, overlap);
  const columns = tileSpans(latentW, side, overlap);
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
