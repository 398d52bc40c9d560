import { vaeDownscale } from '#kernels/nets/configs.ts';
import { openCheckpoint } from '#library/checkpoint.ts';
import { measure, type Bench } from '../measure.ts';
import type { BenchOptions } from '../options.ts';
import type { Study } from '../results.ts';
import { GUIDANCE, PROMPT, PX_PER_LATENT, type MeasuredModel } from './model.ts';

/** Ours come as bytes: rounding them is 1/255/√12 of root mean square, a few thousandths of a picture's own. */
const BYTE_LIMIT = 5e-3;

/** Prompt to pixels: text encoder, steps with guidance, VAE. Loading is not in the times: the first round loads and is not counted. */
export async function measurePictures(
  bench: Bench,
  options: BenchOptions,
  model: MeasuredModel,
  steps: number,
): Promise<Study[]> {
  const { vae } = await openCheckpoint(model.path);
  const studies: Study[] = [];
  for (const namedPx of options.sizesPx) {
    const side = namedPx / PX_PER_LATENT;
    const sizePx = side * vaeDownscale(vae.config);
    studies.push(
      await measure(bench, {
        title: `Whole picture of ${model.label}, ${sizePx}×${sizePx} px (${side}×${side} latents), ${steps} steps`,
        work: {
          ...{ kind: 'pictures', model: model.path, configFolder: model.configFolder, prompt: PROMPT },
          ...{ sizePx, steps, guidanceScale: GUIDANCE },
        },
        ratios: options.ratios,
        rounds: options.rounds,
        sameWorkLimit: BYTE_LIMIT,
        notes: [`DDIM, guidance ${GUIDANCE}, float32, from prompt to pixels with everything loaded.`],
      }),
    );
  }
  return studies;
}
