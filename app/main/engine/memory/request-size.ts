import type { GenerationRequest } from '#contract/request.ts';
import type { Precision } from '#contract/runtime.ts';
import { vaeDownscale } from '#kernels/nets/configs.ts';
import { levelGrids } from '#kernels/nets/unet-blocks.ts';
import { branchEntry } from '#kernels/nets/unet-extent.ts';
import { fitsWhole } from '../pipeline/decode-size.ts';
import { decodeValues, stripDecodeValues, unetPassValues } from './activations.ts';
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

/** Values of the feature that step caching keeps from one step to the next; float32 in every precision. */
export function keptValues(shape: PictureNets, request: MemoryRequest): number {
  const { stepCache } = request;
  if (stepCache === undefined) return 0;
  const { level, channels } = branchEntry(shape.unet, stepCache.branch);
  const { latentH, latentW } = latentSize(shape, request);
  const { h = 0, w = 0 } = levelGrids(level + 1, latentH, latentW)[level] ?? {};
  return (request.guidanceScale > 1 ? 2 : 1) * channels * h * w;
}

/** Whether a picture is decoded at once, where that may take so many bytes. */
export function isDecodedWhole(shape: PictureNets, request: MemoryRequest, limit: number): boolean {
  const { latentH, latentW } = latentSize(shape, request);
  return fitsWhole(shape.vae, latentH, latentW, limit);
}

/** Values of decoding at once. */
export function wholeDecodingValues(shape: PictureNets, request: MemoryRequest): number {
  const { latentH, latentW } = latentSize(shape, request);
  return decodeValues(shape.vae, latentH, latentW);
}

/** Values of decoding in strips: those of the picture between two pieces, and those that a piece works with. */
export function stripDecodingValues(
  shape: PictureNets,
  request: MemoryRequest,
): { readonly between: number; readonly working: number } {
  const { latentH, latentW } = latentSize(shape, request);
  return stripDecodeValues(shape.vae, latentH, latentW);
}

/** Copies of the finished picture: planes, rows, bytes. */
const pictureFloats = 3 * 4;

export function pictureValues({ widthPx, heightPx }: MemoryRequest): number {
  return pictureFloats * widthPx * heightPx;
}

function latentSize({ vae }: PictureNets, { widthPx, heightPx }: MemoryRequest) {
  const scale = vaeDownscale(vae);
  return { latentH: Math.ceil(heightPx / scale), latentW: Math.ceil(widthPx / scale) };
}
