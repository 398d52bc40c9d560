import { freemem } from 'node:os';
import { join } from 'node:path';
import { openCheckpoint } from '#library/checkpoint.ts';
import { FLOAT_LIMIT, measure, wantedFigures, type Bench } from '../measure.ts';
import { normalValues } from '../models/normal.ts';
import { writeFloats } from '../models/safetensors-writer.ts';
import type { BenchOptions } from '../options.ts';
import type { Planned } from '../planned.ts';
import type { Study, StudyKey } from '../results.ts';
import type { Topic } from '../topics.ts';
import { float32Bytes, PX_PER_LATENT, type ModelSource } from './model.ts';

/** Two halves of guidance, one chunk of text. */
const BATCH = 2;
const LATENT_CHANNELS = 4;
const TEXT_TOKENS = 77;
const SEED = 21;

/** Activations that one graph keeps for its next run, by latents: 1.5 GB for SD 1.5's size at 1024 px. The peers' are about as many. */
const ACTIVATION_BYTES = 1.5e9 / 128 ** 2;

export function planUnet(bench: Bench, options: BenchOptions, topic: Topic, source: ModelSource): Planned[] {
  return options.sizesPx.map((sizePx) => {
    const side = sizePx / PX_PER_LATENT;
    const key: StudyKey = { topic, model: source.id, sizePx };
    const title = `U-Net pass of ${source.label}, ${side}×${side} latents (SD 1.5's ${sizePx} px)`;
    const wanted = wantedFigures(bench, options.ratios, uncached(options));
    return {
      key,
      title,
      isSized: true,
      wanted,
      run: () => measureUnet(bench, options, source, { key, title, side }),
    };
  });
}

/** One pass tells nothing of what is kept from step to step: pictures do. */
const uncached = ({ variants }: BenchOptions) =>
  variants.filter(({ stepCache, merging }) => stepCache === undefined && merging.matchEvery === 1);

interface Pass {
  readonly key: StudyKey;
  readonly title: string;
  /** Of the latents. */
  readonly side: number;
}

async function measureUnet(
  bench: Bench,
  options: BenchOptions,
  source: ModelSource,
  { key, title, side }: Pass,
): Promise<Study> {
  const model = await source.open();
  const { unet } = await openCheckpoint(model.path);
  const variants = uncached(options);
  const weightsBytes = float32Bytes(unet.weights);
  const graphs = variants.length + 1;
  const copies = graphs + Number(bench.contenders.some((contender) => contender.side === 'torch'));
  // Each way of merging is a graph with weights and activations of its own, and so is none at all.
  const holdsOne = freemem() < copies * (weightsBytes + ACTIVATION_BYTES * side ** 2);
  const inputs = await writeInputs(bench.folder, side, unet.config.crossAttentionDim);
  return measure(bench, {
    key,
    title,
    work: { kind: 'unet', model: model.path, configFolder: model.configFolder, inputs, holdsOne },
    ratios: options.ratios,
    variants,
    rounds: options.rounds,
    sameWorkLimit: FLOAT_LIMIT,
    notes: [
      `Batch ${BATCH}, ${TEXT_TOKENS} text tokens, float32; max downsample 1, cells of 2×2, a new partition each pass.`,
      ...(holdsOne
        ? [
            `Memory is short for Tessera's ${graphs} graphs at once: each is loaded anew before its pass, which begins cold.`,
          ]
        : []),
    ],
  });
}

async function writeInputs(folder: string, side: number, width: number): Promise<string> {
  const path = join(folder, `latents-${side}-${width}.safetensors`);
  await writeFloats(path, {
    latents: {
      data: normalValues(SEED, BATCH * LATENT_CHANNELS * side * side),
      shape: [BATCH, LATENT_CHANNELS, side, side],
    },
    hidden: {
      data: normalValues(SEED + 1, BATCH * TEXT_TOKENS * width),
      shape: [BATCH, TEXT_TOKENS, width],
    },
  });
  return path;
}
