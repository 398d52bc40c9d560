import { join } from 'node:path';
import { openCheckpoint } from '#library/checkpoint.ts';
import { FLOAT_LIMIT, measure, type Bench } from '../measure.ts';
import { normalValues } from '../models/normal.ts';
import { writeFloats } from '../models/safetensors-writer.ts';
import type { BenchOptions } from '../options.ts';
import type { Study } from '../results.ts';

/** Two halves of guidance, one chunk of text. */
const BATCH = 2;
const LATENT_CHANNELS = 4;
const TEXT_TOKENS = 77;
/** SD 1.5's pixels a latent: sizes are named by it for every model, so that models are compared at equal latents. */
export const PX_PER_LATENT = 8;
const SEED = 21;

export interface MeasuredModel {
  readonly label: string;
  readonly path: string;
  readonly configFolder?: string;
}

export async function measureUnet(
  bench: Bench,
  options: BenchOptions,
  model: MeasuredModel,
): Promise<Study[]> {
  const { unet } = await openCheckpoint(model.path);
  const width = unet.config.crossAttentionDim;
  const studies: Study[] = [];
  for (const sizePx of options.sizesPx) {
    const side = sizePx / PX_PER_LATENT;
    const inputs = join(bench.folder, `latents-${side}-${width}.safetensors`);
    await writeFloats(inputs, {
      latents: {
        data: normalValues(SEED, BATCH * LATENT_CHANNELS * side * side),
        shape: [BATCH, LATENT_CHANNELS, side, side],
      },
      hidden: {
        data: normalValues(SEED + 1, BATCH * TEXT_TOKENS * width),
        shape: [BATCH, TEXT_TOKENS, width],
      },
    });
    studies.push(
      await measure(bench, {
        title: `U-Net pass of ${model.label}, ${side}×${side} latents (SD 1.5's ${sizePx} px)`,
        work: { kind: 'unet', model: model.path, configFolder: model.configFolder, inputs },
        ratios: options.ratios,
        rounds: options.rounds,
        sameWorkLimit: FLOAT_LIMIT,
        notes: [
          `Batch ${BATCH}, ${TEXT_TOKENS} text tokens, float32; max downsample 1, cells of 2×2, a new partition each pass.`,
        ],
      }),
    );
  }
  return studies;
}
