import type { VaeConfig } from '#kernels/nets/configs.ts';
import type { VaeDecoder } from '../nets/vae.ts';
import { decodeStrips, type DecoderPieces } from './strips.ts';

/** What decodes: the whole decoder, or its pieces for a picture that is too large for it. */
export type Decoding = { readonly whole: VaeDecoder } | { readonly pieces: DecoderPieces };

export interface Decoded {
  /** [3, H, W] in −1..1. */
  readonly planes: Float32Array;
  readonly strips: number;
}

/** Latents of one picture as the U-Net knows them, [C, h, w] → pixels. What `betweenStrips` throws ends it. */
export async function decodeLatents(
  decoding: Decoding,
  config: VaeConfig,
  latents: Float32Array,
  latentH: number,
  latentW: number,
  betweenStrips: (done: number, strips: number) => Promise<void>,
): Promise<Decoded> {
  const unscaled = latents.map((value) => value / config.scalingFactor);
  if ('whole' in decoding)
    return { planes: await decoding.whole.run(unscaled, 1, latentH, latentW), strips: 1 };
  return decodeStrips(config, decoding.pieces, { latents: unscaled, latentH, latentW }, betweenStrips);
}
