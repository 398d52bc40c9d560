import { join } from 'node:path';
import { fitsWhole, wholeLimit } from '#engine/pipeline/decode-size.ts';
import { openCheckpoint } from '#library/checkpoint.ts';
import { FLOAT_LIMIT, measure, wantedFigures, type Bench } from '../measure.ts';
import { normalValues } from '../models/normal.ts';
import { writeFloats } from '../models/safetensors-writer.ts';
import type { BenchOptions } from '../options.ts';
import type { Planned } from '../planned.ts';
import type { Study, StudyKey } from '../results.ts';
import { PX_PER_LATENT, type ModelSource } from './model.ts';

const SEED = 33;
/** Any word: what is encoded does not change what it takes. */
const TOKEN = 320;

/** What a picture takes beside its steps. With the U-Net's passes it tells what a whole picture of a large model takes. */
export function planEnds(bench: Bench, options: BenchOptions, source: ModelSource): Planned[] {
  return options.sizesPx.map((sizePx) => {
    const side = sizePx / PX_PER_LATENT;
    const key: StudyKey = { topic: 'ends', model: source.id, sizePx };
    const title = `Text and decoding of ${source.label}, ${side}×${side} latents (${sizePx} px)`;
    const wanted = wantedFigures(bench, [0]);
    return {
      key,
      title,
      isSized: true,
      wanted,
      run: () => measureEnds(bench, options, source, { key, title, side }),
    };
  });
}

interface Ends {
  readonly key: StudyKey;
  readonly title: string;
  /** Of the latents. */
  readonly side: number;
}

async function measureEnds(
  bench: Bench,
  options: BenchOptions,
  source: ModelSource,
  { key, title, side }: Ends,
): Promise<Study> {
  const model = await source.open();
  const { vae } = await openCheckpoint(model.path);
  const channels = vae.config.latentChannels;
  const inputs = join(bench.folder, `decoded-${model.id}-${side}.safetensors`);
  await writeFloats(inputs, {
    latents: { data: normalValues(SEED, channels * side * side), shape: [1, channels, side, side] },
  });
  const isWhole = fitsWhole(vae.config, side, side, wholeLimit('full'));
  return measure(bench, {
    key,
    title,
    work: { kind: 'ends', model: model.path, configFolder: model.configFolder, inputs, token: TOKEN },
    ratios: [0],
    rounds: options.rounds,
    sameWorkLimit: FLOAT_LIMIT,
    notes: [
      'Two texts of 77 tokens and one picture, float32: what a picture takes beside its steps.',
      ...(isWhole ? [] : ['Tessera decodes in strips, the same picture; the peers decode at once.']),
    ],
  });
}
