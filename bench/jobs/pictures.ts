import { vaeDownscale } from '#kernels/nets/configs.ts';
import { openCheckpoint } from '#library/checkpoint.ts';
import { measure, wantedFigures, type Bench } from '../measure.ts';
import type { BenchOptions } from '../options.ts';
import type { Planned } from '../planned.ts';
import type { Study, StudyKey } from '../results.ts';
import { GUIDANCE, PROMPT, PX_PER_LATENT, type ModelSource } from './model.ts';

/** Ours come as bytes: rounding them is 1/255/√12 of root mean square, a few thousandths of a picture's own. */
const BYTE_LIMIT = 5e-3;
/** Steps of a picture, run or told. */
export const PICTURE_STEPS = 20;

/**
 * Prompt to pixels: text encoder, steps with guidance, VAE. Loading is not in the times. With fewer steps than a
 * picture has, the rest is told by the median step.
 */
export function planPictures(
  bench: Bench,
  options: BenchOptions,
  source: ModelSource,
  steps: number,
): Planned[] {
  return options.sizesPx.map((sizePx) => {
    const side = sizePx / PX_PER_LATENT;
    const key: StudyKey = { topic: 'pictures', model: source.id, sizePx, steps };
    const title = `Whole picture of ${source.label}, ${side}×${side} latents, ${steps} steps`;
    const wanted = wantedFigures(bench, options.ratios, options.variants);
    return {
      key,
      title,
      isSized: true,
      wanted,
      run: () => measurePictures(bench, options, source, { key, title, side, steps }),
    };
  });
}

interface Picture {
  readonly key: StudyKey;
  readonly title: string;
  /** Of the latents. */
  readonly side: number;
  readonly steps: number;
}

async function measurePictures(
  bench: Bench,
  options: BenchOptions,
  source: ModelSource,
  { key, title, side, steps }: Picture,
): Promise<Study> {
  const model = await source.open();
  const { vae } = await openCheckpoint(model.path);
  const sizePx = side * vaeDownscale(vae.config);
  return measure(bench, {
    key,
    title: `${title}, ${sizePx}×${sizePx} px`,
    work: {
      ...{ kind: 'pictures', model: model.path, configFolder: model.configFolder, prompt: PROMPT },
      ...{ sizePx, steps, guidanceScale: GUIDANCE },
    },
    ratios: options.ratios,
    variants: options.variants,
    rounds: options.rounds,
    ...(steps < PICTURE_STEPS ? { wholeSteps: PICTURE_STEPS } : {}),
    sameWorkLimit: BYTE_LIMIT,
    notes: [
      `DDIM, guidance ${GUIDANCE}, float32, from prompt to pixels with everything loaded.`,
      ...(steps < PICTURE_STEPS
        ? [
            `A picture of ${PICTURE_STEPS} steps is told from ${steps}: the median step stands for each that was not run.`,
          ]
        : []),
    ],
  });
}
