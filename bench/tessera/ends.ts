import { loadTextEncoder } from '#engine/nets/text-encoder.ts';
import { loadVaeDecoder } from '#engine/nets/vae.ts';
import { loadDecoderFront, loadDecoderPiece } from '#engine/nets/vae-pieces.ts';
import { decodeLatents, type Decoding } from '#engine/pipeline/decode.ts';
import { fitsWhole, wholeLimit } from '#engine/pipeline/decode-size.ts';
import type { RuntimeOptions } from '#engine/session.ts';
import { openCheckpoint } from '#library/checkpoint.ts';
import { readFloats } from '../inputs.ts';
import type { Work } from '../protocol.ts';
import type { Run } from './work.ts';

/** Both prompts through the text encoder, and latents to pixels, in strips where the studio takes strips. */
export async function prepareEnds(
  work: Extract<Work, { kind: 'ends' }>,
  runtime: RuntimeOptions,
): Promise<Run> {
  const { model, configFolder } = work;
  const { textEncoder: text, vae } = await openCheckpoint(
    model,
    configFolder === undefined ? {} : { configFolder },
  );
  const { latents } = await readFloats(work.inputs, ['latents']);
  const [, , latentH = 0, latentW = 0] = latents.shape;
  const encoder = await loadTextEncoder(text, runtime);
  const decoding: Decoding = fitsWhole(vae.config, latentH, latentW, wholeLimit('full'))
    ? { whole: await loadVaeDecoder(vae, runtime) }
    : {
        pieces: {
          front: () => loadDecoderFront(vae, runtime),
          piece: (piece) => loadDecoderPiece(vae, piece, runtime),
        },
      };
  const { maxPositions } = text.config;
  const prompts = [work.token, work.token + 1].map((id) => new Int32Array(maxPositions).fill(id));
  const run = async () => {
    for (const ids of prompts) await encoder.run(ids, 1);
    const breathe = () => Promise.resolve();
    return (await decodeLatents(decoding, vae.config, latents.data, latentH, latentW, breathe)).planes;
  };
  return () => Promise.resolve(run);
}
