import { loadTextEncoder } from '#engine/nets/text-encoder.ts';
import { loadVaeDecoder } from '#engine/nets/vae.ts';
import { decodeLatents } from '#engine/pipeline/decode.ts';
import type { RuntimeOptions } from '#engine/session.ts';
import { openCheckpoint } from '#library/checkpoint.ts';
import { readFloats } from '../inputs.ts';
import type { Work } from '../protocol.ts';
import type { Run } from './work.ts';

/** Both prompts through the text encoder, and latents to pixels, in tiles where the studio takes tiles. */
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
  const decoder = await loadVaeDecoder(vae, runtime);
  const { maxPositions } = text.config;
  const prompts = [work.token, work.token + 1].map((id) => new Int32Array(maxPositions).fill(id));
  const run = async () => {
    for (const ids of prompts) await encoder.run(ids, 1);
    const breathe = () => Promise.resolve();
    return (await decodeLatents(decoder, vae.config, latents.data, latentH, latentW, breathe)).planes;
  };
  return () => Promise.resolve(run);
}
