import { freemem } from 'node:os';
import { join } from 'node:path';
import { openCheckpoint } from '#library/checkpoint.ts';
import { FLOAT_LIMIT, measure, type Bench } from '../measure.ts';
import { normalValues } from '../models/normal.ts';
import { writeFloats } from '../models/safetensors-writer.ts';
import type { BenchOptions } from '../options.ts';
import type { Study } from '../results.ts';
import { float32Bytes, PX_PER_LATENT, type MeasuredModel } from './model.ts';

/** Two halves of guidance, one chunk of text. */
const BATCH = 2;
const LATENT_CHANNELS = 4;
const TEXT_TOKENS = 77;
const SEED = 21;

/** Two graphs of ours, the peers' weights, their copy while they load; and room for activations. */
const WEIGHTS_AT_ONCE = 4;
const ACTIVATION_BYTES = 4e9;

export async function measureUnet(
  bench: Bench,
  options: BenchOptions,
  model: MeasuredModel,
): Promise<Study[]> {
  const { unet } = await openCheckpoint(model.path);
  const width = unet.config.crossAttentionDim;
  const oneGraph = freemem() < WEIGHTS_AT_ONCE * float32Bytes(unet.weights) + ACTIVATION_BYTES;
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
        work: { kind: 'unet', model: model.path, configFolder: model.configFolder, inputs, oneGraph },
        ratios: options.ratios,
        rounds: options.rounds,
        sameWorkLimit: FLOAT_LIMIT,
        notes: [
          `Batch ${BATCH}, ${TEXT_TOKENS} text tokens, float32; max downsample 1, cells of 2×2, a new partition each pass.`,
          ...(oneGraph
            ? ["Memory is short for two graphs: Tessera's ratio 0 is timed on the merging one, switched off."]
            : []),
        ],
      }),
    );
  }
  return studies;
}
