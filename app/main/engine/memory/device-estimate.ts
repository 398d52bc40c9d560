import type { Precision, Provider } from '#contract/runtime.ts';
import { staysOnDevice } from '../nets/kept.ts';
import type { DeviceMemory, EstimateOptions, MemoryEstimate } from './estimate-options.ts';
import { keptTextBytes, processBytes } from './process-size.ts';
import { wholeLimit } from '../pipeline/decode-size.ts';
import {
  isDecodedWhole,
  keptValues,
  passValues,
  pictureValues,
  stripDecodingValues,
  wholeDecodingValues,
  type MemoryRequest,
  type PictureNets,
} from './request-size.ts';
import { shallowWeights, type ModelWeights, type NetWeights } from './weights.ts';

/**
 * Where U-Net and decoder lie on a device. Of the device it is what is counted on the graphs, without what a driver or an
 * arena takes beside: at least so much. Nothing of it was measured on a card; weights on WebGPU were, in software.
 */

const floatBytes = Float32Array.BYTES_PER_ELEMENT;
const bytesOf = (precision: Precision): number => (precision === 'f16' ? 2 : floatBytes);

/** The provider's libraries in the process: 100 MiB measured with WebGPU on Linux x64. */
const providerBytes = 100 * 1024 ** 2;

/**
 * Weights of convolutions that are on the device a second time, laid out anew. WebGPU: SD 1.5's U-Net in F32 took 1.45
 * times its weights (onnxruntime 1.30 on SwiftShader, whose memory is the process's). Of the others nothing is known.
 */
const laidOutAnew: Readonly<Partial<Record<Provider, number>>> = { webgpu: 0.68 };

export function estimateOnDevice(
  shape: PictureNets,
  { unet, text, decoder }: ModelWeights,
  request: MemoryRequest,
  {
    mode,
    previews,
    loaded = false,
    precision = 'f32',
    device,
  }: EstimateOptions & { readonly device: DeviceMemory },
): MemoryEstimate {
  const isLow = mode === 'low';
  const unetBytes = bytesOf(precision);
  const again = laidOutAnew[device.provider] ?? 0;
  const lying = ({ values, convValues }: NetWeights, bytes: number) => bytes * (values + again * convValues);
  const { stepCache } = request;
  const nets = [unet, ...(stepCache === undefined ? [] : [shallowWeights(shape.unet, stepCache.branch)])];
  const unets = nets.reduce((sum, net) => sum + lying(net, unetBytes), 0);
  // The decoder stays in F32 (devices/provider-table.ts).
  const decoderBytes = lying(decoder, floatBytes);
  const stays = staysOnDevice({ provider: device.provider, memory: mode });
  const kept = stays ? floatBytes * keptValues(shape, request) : 0;
  const pass = unetBytes * passValues(shape, request, precision) + kept;
  const isWhole = isDecodedWhole(shape, request, wholeLimit(mode, device.freeBytes));
  const strips = stripDecodingValues(shape, request);
  const decoding = isWhole
    ? decoderBytes + floatBytes * wholeDecodingValues(shape, request)
    : (previews && !isLow ? decoderBytes : 0) + floatBytes * strips.working;
  const there = {
    text: 0,
    load: unets + (previews && !isLow ? decoderBytes : 0),
    steps: unets + pass + (previews && !isLow ? decoderBytes : 0),
    decode: decoding + (isLow ? 0 : unets + pass),
  };
  const textBytes = floatBytes * text.values;
  const here = processBytes + providerBytes + (!isLow && textBytes <= keptTextBytes ? textBytes : 0);
  // On their way the weights are here first, in what is computed in; of memory that is shared the device's part is the larger.
  const onTheWay = loaded || device.isShared ? 0 : unetBytes * Math.max(...nets.map(({ values }) => values));
  const atHome = {
    text: processBytes + textBytes,
    load: here + onTheWay,
    steps: here,
    decode:
      here +
      floatBytes * pictureValues(request) +
      (isWhole ? 0 : floatBytes * strips.between) +
      (device.isShared || !isWhole ? 0 : floatBytes * decoder.values),
  };
  const sum = (phase: keyof typeof there) => atHome[phase] + (device.isShared ? there[phase] : 0);
  const phases = { text: sum('text'), load: sum('load'), steps: sum('steps'), decode: sum('decode') };
  return {
    bytes: Math.round(Math.max(...Object.values(phases))),
    phases,
    deviceBytes: Math.round(Math.max(...Object.values(there))),
  };
}
