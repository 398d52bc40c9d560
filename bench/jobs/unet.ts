import { freemem } from 'node:os';
import { join } from 'node:path';
import { EngineError } from '#contract/errors.ts';
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

/** Two graphs of ours, the peers' weights, their copy while they load; and room for activations. */
const WEIGHTS_AT_ONCE = 4;
const ACTIVATION_BYTES = 4e9;

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
  const oneGraph = freemem() < WEIGHTS_AT_ONCE * weightsBytes + ACTIVATION_BYTES;
  assertRoom(variants.length, weightsBytes);
  const inputs = await writeInputs(bench.folder, side, unet.config.crossAttentionDim);
  return measure(bench, {
    key,
    title,
    work: { kind: 'unet', model: model.path, configFolder: model.configFolder, inputs, oneGraph },
    ratios: options.ratios,
    variants,
    rounds: options.rounds,
    sameWorkLimit: FLOAT_LIMIT,
    notes: [
      `Batch ${BATCH}, ${TEXT_TOKENS} text tokens, float32; max downsample 1, cells of 2×2, a new partition each pass.`,
      ...(oneGraph
        ? ["Memory is short for two graphs: Tessera's ratio 0 is timed on the merging one, switched off."]
        : []),
    ],
  });
}

/** Each way of merging is a graph with weights of its own: too many end the worker. Throws REQUEST_INVALID. */
function assertRoom(variants: number, weightsBytes: number): void {
  if (variants === 0) return;
  const neededBytes = (variants + WEIGHTS_AT_ONCE - 1) * weightsBytes + ACTIVATION_BYTES;
  if (freemem() >= neededBytes) return;
  const gb = (bytes: number) => (bytes / 1e9).toFixed(1);
  throw new EngineError(
    'REQUEST_INVALID',
    `${variants} ways of merging beside tomesd's take about ${gb(neededBytes)} GB, ${gb(freemem())} GB are free: name fewer with --variant, one a run if need be.`,
  );
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
