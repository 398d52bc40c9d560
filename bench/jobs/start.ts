import { vaeDownscale } from '#kernels/nets/configs.ts';
import { openCheckpoint } from '#library/checkpoint.ts';
import { generateByCommand } from '../command-line.ts';
import { words, type Bench } from '../measure.ts';
import type { Figure, Peak, Study } from '../results.ts';
import { timeInRounds } from '../rounds.ts';
import { startSide } from '../sides.ts';
import type { Side } from '../worker.ts';
import { float32Bytes, GUIDANCE, PROMPT, type MeasuredModel } from './model.ts';

/** What both jobs below make: a picture of 64×64 latents. */
const LATENT_SIDE = 64;

interface Shot {
  readonly side: Side;
  readonly model: MeasuredModel;
  readonly sizePx: number;
  readonly steps: number;
  readonly ratio: number;
}

/** From the start of a fresh process to the end of its first step, at ratio 0. */
export async function measureStart(bench: Bench, model: MeasuredModel, rounds: number): Promise<Study> {
  const sizePx = await sizeOf(model);
  const title = `Start of ${model.label}: process start to the end of its first step, ${sizePx}×${sizePx} px`;
  const begins: number[] = [];
  const entries = bench.sides.map((side) => ({
    key: side,
    async run() {
      const shot = await takeShot(bench, { side, model, sizePx, steps: 1, ratio: 0 });
      if (side === 'tessera') begins.push(shot.beganMs ?? NaN);
      return shot.endedMs;
    },
  }));
  const timed = await timeInRounds(entries, rounds, false, (round) => {
    bench.say(`${title}: ${round === 0 ? 'warm-up' : `round ${round} of ${rounds}`}`);
  });
  const figures = timed.map(({ key, times }): Figure => ({ side: key, ratio: 0, times }));
  const began = Math.max(...begins) / 1000;
  return {
    title,
    figures,
    sameWorkLimit: 0,
    notes: [`Tessera's first step began within ${began.toFixed(2)} s in every run, the warm-up's included.`],
  };
}

/** The peak of a fresh process that makes a picture whole. */
export async function measureMemory(
  bench: Bench,
  model: MeasuredModel,
  ratios: readonly number[],
): Promise<Study> {
  const sizePx = await sizeOf(model);
  const figures: Figure[] = [];
  const title = `Memory of ${model.label}: a picture of ${sizePx}×${sizePx} px from prompt to pixels`;
  for (const ratio of ratios) {
    for (const side of bench.sides) {
      bench.say(`${title}: ${side} at ratio ${ratio}`);
      try {
        const { peak } = await takeShot(bench, { side, model, sizePx, steps: 2, ratio });
        figures.push({ side, ratio, peak });
      } catch (error) {
        figures.push({ side, ratio, failure: words(error) });
      }
    }
  }
  const { unet, textEncoder, vae } = await openCheckpoint(model.path);
  const weights = [unet, textEncoder, vae].reduce((sum, part) => sum + float32Bytes(part.weights), 0);
  return {
    title,
    figures,
    sameWorkLimit: 0,
    notes: [`The weights in float32 are ${Math.round(weights / 2 ** 20)} MiB.`],
  };
}

interface Taken {
  readonly beganMs?: number;
  readonly endedMs: number;
  readonly peak: Peak;
}

async function takeShot(bench: Bench, { side, model, sizePx, steps, ratio }: Shot): Promise<Taken> {
  if (side === 'tessera') {
    const done = await generateByCommand({ model: model.path, sizePx, steps, ratio, folder: bench.folder });
    return { beganMs: done.firstStepBeganMs, endedMs: done.firstStepEndedMs, peak: done.peak };
  }
  const start = performance.now();
  const worker = startSide(side, 'pictures', bench.python);
  try {
    const { path, configFolder } = model;
    const work = {
      kind: 'pictures',
      model: path,
      configFolder,
      prompt: PROMPT,
      sizePx,
      steps,
      guidanceScale: GUIDANCE,
    } as const;
    Object.assign(bench.versions, await worker.prepare(work, bench.threads));
    const readyMs = performance.now() - start;
    const { firstStepMs } = await worker.run({ ratio, fixed: false, step: 0 });
    return { endedMs: readyMs + (firstStepMs ?? NaN), peak: await worker.peak() };
  } finally {
    await worker.stop();
  }
}

async function sizeOf(model: MeasuredModel): Promise<number> {
  const { vae } = await openCheckpoint(model.path);
  return LATENT_SIDE * vaeDownscale(vae.config);
}
