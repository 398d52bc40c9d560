import { estimateOnDevice } from './device-estimate.ts';
import type { EstimateOptions, MemoryEstimate } from './estimate-options.ts';
import { keptTextBytes, processBytes } from './process-size.ts';
import { wholeLimit } from '../pipeline/decode-size.ts';
import {
  isDecodedWhole,
  passValues,
  pictureValues,
  stripDecodingValues,
  wholeDecodingValues,
  type MemoryRequest,
  type PictureNets,
} from './request-size.ts';
import { shallowWeights, type ModelWeights, type NetWeights } from './weights.ts';

const floatBytes = Float32Array.BYTES_PER_ELEMENT;
/** The runtime's arena grows in steps; measured 1.1 to 1.35 times what lies in it. */
const arenaShare = 1.2;
/**
 * Of the weights that are transformed at once for Winograd's form: they become four times as large in each run, and the
 * arena keeps 2.2 times that. In low memory nothing has that form.
 */
const winogradShare = 2.2 * 4;
/** Decoding at once in that form, in an arena that is kept; measured 1.4 to 1.5 times what is counted of the direct form. */
const decodingShare = 1.45;
/**
 * In int8, beside what is held, the loading runtime has each such weight in float32, and in 8 bits before it is turned:
 * it lets go of no constant before all are computed. The same in low memory.
 */
const eightBitLoading = Float32Array.BYTES_PER_ELEMENT + 1;

function eightBitHeld({ values, eightBitValues }: NetWeights): number {
  return floatBytes * (values - eightBitValues) + eightBitValues;
}
/** Bytes that a request takes, before anything is loaded. */
export function estimateMemory(
  shape: PictureNets,
  weights: ModelWeights,
  request: MemoryRequest,
  options: EstimateOptions,
): MemoryEstimate {
  const { device } = options;
  return device === undefined
    ? estimateOnProcessor(shape, weights, request, options)
    : estimateOnDevice(shape, weights, request, { ...options, device });
}

function estimateOnProcessor(
  shape: PictureNets,
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
  const winograd = isLow || precision === 'int8' ? 0 : winogradShare * floatBytes * unet.winogradValues;
  const pass = floatBytes * passValues(shape, request, precision) * (isLow ? 1 : arenaShare) + winograd;
  const decoding =
    floatBytes * pictureValues(request) +
    (isDecodedWhole(shape, request, wholeLimit(mode))
      ? decodingAtOnce(held(decoder), whileLoading(decoder), wholeDecodingValues(shape, request), isLow)
      : decodingInStrips(previews && !isLow ? held(decoder) : 0, stripDecodingValues(shape, request)));
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
    decode: processBytes + decoding + (isLow ? 0 : textKept + unets + pass),
  };
  return { bytes: Math.round(Math.max(...Object.values(phases))), phases };
}

function decodingAtOnce(held: number, whileLoading: number, values: number, isLow: boolean): number {
  // What is laid out anew is given back before the decoder works.
  return held + Math.max(whileLoading, floatBytes * values * (isLow ? 1 : decodingShare));
}

/** Of the pieces one at a time is loaded, whose weights are part of what it works with; the decoder itself is there for previews. */
function decodingInStrips(held: number, { between, working }: { between: number; working: number }): number {
  return held + floatBytes * (between + working);
}
