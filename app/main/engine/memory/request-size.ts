import type { GenerationRequest } from '#contract/request.ts';
import type { Precision } from '#contract/runtime.ts';
import { vaeDownscale } from '#kernels/nets/configs.ts';
import { decodedPiece } from '../pipeline/tile-size.ts';
import { decodeValues, unetPassValues } from './activations.ts';
import type { ModelShape } from './weights.ts';

/** What of a request decides how much memory it takes. */
export type MemoryRequest = Pick<
  GenerationRequest,
  'widthPx' | 'heightPx' | 'guidanceScale' | 'merging' | 'stepCache'
>;

/** The nets that work on pictures. */
export type PictureNets = Pick<ModelShape, 'unet' | 'vae'>;

/** Values of one pass of the U-Net beside its weights. */
export function passValues(shape: PictureNets, request: MemoryRequest, precision: Precision): number {
  const batch = request.guidanceScale > 1 ? 2 : 1;
  return unetPassValues(shape.unet, request.merging, { ...latentSize(shape, request), batch }, precision);
}

/** Values of decoding, whole or one tile after another. */
export function decodingValues(shape: PictureNets, request: MemoryRequest): number {
  const { latentH, latentW } = latentSize(shape, request);
  const { h, w } = decodedPiece(shape.vae, latentH, latentW);
  return decodeValues(shape.vae, h, w);
}

/** Copies of the finished picture: planes, the canvas of the tiles and its weights. */
const pictureFloats = 3 * 4;

export function pictureValues({ widthPx, heightPx }: MemoryRequest): number {
  return pictureFloats * widthPx * heightPx;
}

function latentSize({ vae }: PictureNets, { widthPx, heightPx }: MemoryRequest) {
  const scale = vaeDownscale(vae);
  return { latentH: Math.ceil(heightPx / scale), latentW: Math.ceil(widthPx / scale) };
}
