import type { GenerationRequest } from '#contract/request.ts';
import type { MemoryMode, Precision } from '#contract/runtime.ts';
import { vaeDownscale } from '#kernels/nets/configs.ts';
import { decodeValues, unetPassValues } from './activations.ts';
import { decodedPiece } from '../pipeline/tile-size.ts';
import { shallowWeights, type ModelShape, type ModelWeights, type NetWeights } from './weights.ts';

/** What of a request decides how much memory it takes. */
export type MemoryRequest = Pick<
  GenerationRequest,
  'widthPx' | 'heightPx' | 'guidanceScale' | 'merging' | 'stepCache'
>;

export interface EstimateOptions {
  readonly mode: MemoryMode;
  /** Latents are shown while they form: the decoder is there from the first step on. */
  readonly previews: boolean;
  /** The nets are loaded already, so nothing is laid out anew. */
  readonly loaded?: boolean;
  /** Of the U-Net; absent: f32. */
  readonly precision?: Precision;
}

export interface MemoryEstimate {
  /** The most at once, the process itself included. */
  readonly bytes: number;
  /** What it comes to while each part works. */
  readonly phases: Readonly<Record<'text' | 'load' | 'steps' | 'decode', number>>;
}

const floatBytes = Float32Array.BYTES_PER_ELEMENT;
/** Node with the runtime and the tokenizer, before any net: 130 MiB measured on Linux x64. */
const processBytes = 130 * 1024 ** 2;
/** Text encoders above this are given back once the prompt is encoded. */
export const keptTextBytes = 256 * 1024 ** 2;
/** The runtime's arena grows in steps; measured 1.1 to 1.35 times what lies in it. */
const arenaShare = 1.2;
/**
 * In int8, beside what is held, the loading runtime has each such weight in float32, its absolute values, and itself in
 * 8 bits before it is turned: it lets go of no constant before all are computed. The same in low memory.
 */
const eightBitLoading = 2 * Float32Array.BYTES_PER_ELEMENT + 1;

function eightBitHeld({ values, eightBitValues }: NetWeights): number {
  return floatBytes * (values - eightBitValues) + eightBitValues;
}
/** Copies of the finished picture: planes, the canvas of the tiles and its weights. */
const pictureFloats = 3 * 4;

/** Bytes that a request takes on the processor, before anything is loaded. */
export function estimateMemory(
  shape: Pick<ModelShape, 'unet' | 'vae'>,
  weights: ModelWeights,
  request: MemoryRequest,
  { mode, previews, loaded = false, precision = 'f32' }: EstimateOptions,
): MemoryEstimate {
  const isLow = mode === 'low';
  const held = ({ values }: NetWeights) => values * floatBytes;
  const whileLoading = (net: NetWeights) => (loaded || isLow ? 0 : net.convValues * floatBytes);
  const { unet, text, decoder } = weights;
  const heldUnet = (net: NetWeights) => (precision === 'int8' ? eightBitHeld(net) : held(net));
  const whileLoadingUnet = (net: NetWeights) => {
    if (precision !== 'int8') return whileLoading(net);
    return loaded ? 0 : eightBitLoading * net.eightBitValues;
  };
  const shallow =
    request.stepCache === undefined ? undefined : shallowWeights(shape.unet, request.stepCache.branch);
  const textKept = !isLow && held(text) <= keptTextBytes ? held(text) : 0;
  const unets = heldUnet(unet) + (shallow === undefined ? 0 : heldUnet(shallow));
  const beside = textKept + (previews && !isLow ? held(decoder) : 0);
  const pass = passBytes(shape, request, precision) * (isLow ? 1 : arenaShare);
  const decoding = held(decoder) + decodeBytes(shape, request);
  const phases = {
    text: processBytes + held(text),
    load:
      processBytes +
      beside +
      unets +
      Math.max(
        whileLoadingUnet(unet) - (shallow === undefined ? 0 : heldUnet(shallow)),
        shallow === undefined ? 0 : whileLoadingUnet(shallow),
      ),
    steps: processBytes + beside + unets + pass,
    decode: processBytes + decoding + (isLow ? 0 : textKept + unets + pass + whileLoading(decoder)),
  };
  return { bytes: Math.round(Math.max(...Object.values(phases))), phases };
}

function latentSize({ vae }: Pick<ModelShape, 'vae'>, { widthPx, heightPx }: MemoryRequest) {
  const scale = vaeDownscale(vae);
  return { latentH: Math.ceil(heightPx / scale), latentW: Math.ceil(widthPx / scale) };
}

function passBytes(
  shape: Pick<ModelShape, 'unet' | 'vae'>,
  request: MemoryRequest,
  precision: Precision,
): number {
  const batch = request.guidanceScale > 1 ? 2 : 1;
  const size = { ...latentSize(shape, request), batch };
  return floatBytes * unetPassValues(shape.unet, request.merging, size, precision);
}

function decodeBytes(shape: Pick<ModelShape, 'unet' | 'vae'>, request: MemoryRequest): number {
  const { latentH, latentW } = latentSize(shape, request);
  const { h, w } = decodedPiece(shape.vae, latentH, latentW);
  return floatBytes * (decodeValues(shape.vae, h, w) + pictureFloats * request.widthPx * request.heightPx);
}
