import { vaeDownscale, type VaeConfig } from '#kernels/nets/configs.ts';
import { tileSpans, type TileSpan } from './tiles.ts';

const GiB = 1024 ** 3;
/**
 * A picture that needs more is decoded in tiles of the largest size that does not. Tiles differ from the whole (norms and
 * attention see less at a time: 30 to 40 dB on flat colours), the less the larger they are.
 */
const budgetBytes = 2.5 * GiB;
const tileStep = 8;
const minTile = 32;
/** Share of the largest tile's side that a tile has in common with its neighbour. */
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

/** Whether a picture is decoded in one piece. */
export function fitsWhole(config: VaeConfig, latentH: number, latentW: number): boolean {
  return decodeBytes(config, latentH, latentW) <= budgetBytes;
}

/** Where the tiles lie along a side of `latents` when they may be `largest` long. */
export function tilesAlong(latents: number, largest: number): TileSpan[] {
  return tileSpans(latents, largest, Math.round(largest * overlapShare));
}

/** The piece that a picture of these latents is decoded in. */
export function decodedPiece(
  config: VaeConfig,
  latentH: number,
  latentW: number,
): { readonly h: number; readonly w: number } {
  if (fitsWhole(config, latentH, latentW)) return { h: latentH, w: latentW };
  const length = (latents: number) => tilesAlong(latents, tileSide(config))[0]?.length ?? latents;
  return { h: length(latentH), w: length(latentW) };
}
