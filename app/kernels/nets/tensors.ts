import { GraphBuilder } from '../graph/builder.ts';
import type { WeightSource } from '../onnx/weights.ts';
import { emitClipText } from './clip-text.ts';
import type { ClipTextConfig, UnetConfig, VaeConfig } from './configs.ts';
import { emitUnet } from './unet.ts';
import { emitVaeDecoder, emitVaeEncoder } from './vae.ts';

/** Which tensors a net needs: name → shape. Read off the graph itself, so there is no second list to keep. */
export type ExpectedTensors = ReadonlyMap<string, readonly number[]>;

const nothing: WeightSource = { get: () => undefined, names: () => [] };

export function expectedUnetTensors(config: UnetConfig): ExpectedTensors {
  const g = new GraphBuilder(nothing);
  emitUnet(g, config, null);
  return g.requestedWeights;
}

export function expectedClipTextTensors(config: ClipTextConfig): ExpectedTensors {
  const g = new GraphBuilder(nothing);
  emitClipText(g, config);
  return g.requestedWeights;
}

/** Decoder and encoder together. */
export function expectedVaeTensors(config: VaeConfig): ExpectedTensors {
  const g = new GraphBuilder(nothing);
  const encoder = new GraphBuilder(nothing);
  emitVaeDecoder(g, config);
  emitVaeEncoder(encoder, config);
  return new Map([...g.requestedWeights, ...encoder.requestedWeights]);
}
