import { openCheckpoint } from '#library/checkpoint.ts';
import { wantedFigures, words, type Bench } from '../measure.ts';
import type { BenchOptions } from '../options.ts';
import type { Planned } from '../planned.ts';
import type { Figure, Study, StudyKey } from '../results.ts';
import { nameOf } from '../worker.ts';
import { float32Bytes, PX_PER_LATENT, type MeasuredModel, type ModelSource } from './model.ts';
import { pictureSizePx, takeShot } from './shot.ts';

/** Every step needs the same. */
const STEPS = 1;

/** The peak of a fresh process that makes a picture whole, size by size. */
export function planMemory(bench: Bench, options: BenchOptions, source: ModelSource): Planned[] {
  return options.sizesPx.map((namedPx) => {
    const key: StudyKey = { topic: 'memory', model: source.id, sizePx: namedPx };
    const title = `Memory of ${source.label}: a picture of ${namedPx / PX_PER_LATENT}×${namedPx / PX_PER_LATENT} latents from prompt to pixels`;
    return {
      key,
      title,
      isSized: true,
      wanted: wantedFigures(bench, options.ratios),
      run: async () => measureMemory(bench, await source.open(), options.ratios, { key, title }),
    };
  });
}

async function measureMemory(
  bench: Bench,
  model: MeasuredModel,
  ratios: readonly number[],
  { key, title }: Pick<Study, 'key' | 'title'>,
): Promise<Study> {
  const sizePx = await pictureSizePx(model, (key.sizePx ?? 0) / PX_PER_LATENT);
  const figures: Figure[] = [];
  for (const ratio of ratios) {
    for (const contender of bench.contenders) {
      bench.say(`${title}: ${nameOf(contender)} at ratio ${ratio}`);
      try {
        const { peak } = await takeShot(bench, { contender, model, sizePx, steps: STEPS, ratio });
        figures.push({ ...contender, ratio, peak });
      } catch (error) {
        figures.push({ ...contender, ratio, failure: words(error) });
      }
    }
  }
  const { unet, textEncoder, vae } = await openCheckpoint(model.path);
  const weightsBytes = [unet, textEncoder, vae].reduce((sum, part) => sum + float32Bytes(part.weights), 0);
  return {
    key,
    title,
    figures,
    sameWorkLimit: 0,
    facts: { weightsBytes },
    notes: [`One step. The weights in float32 are ${Math.round(weightsBytes / 2 ** 20)} MiB.`],
  };
}
