import { tomesdMerging } from '#contract/request.ts';
import { vaeDownscale } from '#kernels/nets/configs.ts';
import { openCheckpoint } from '#library/checkpoint.ts';
import { generateByCommand } from '../command-line.ts';
import type { Bench } from '../measure.ts';
import type { Peak } from '../results.ts';
import { startSide } from '../sides.ts';
import type { Contender } from '../worker.ts';
import { GUIDANCE, PROMPT, type MeasuredModel } from './model.ts';

/** One picture by a fresh process. */
export interface Shot {
  readonly contender: Contender;
  readonly model: MeasuredModel;
  readonly sizePx: number;
  readonly steps: number;
  readonly ratio: number;
}

export interface Taken {
  readonly beganMs?: number;
  readonly endedMs: number;
  readonly peak: Peak;
}

export async function takeShot(
  bench: Bench,
  { contender, model, sizePx, steps, ratio }: Shot,
): Promise<Taken> {
  if (contender.side === 'tessera') {
    const done = await generateByCommand({ model: model.path, sizePx, steps, ratio, folder: bench.folder });
    return { beganMs: done.firstStepBeganMs, endedMs: done.firstStepEndedMs, peak: done.peak };
  }
  const start = performance.now();
  const worker = startSide(contender, 'pictures', bench.python);
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
    const { stepEndsMs } = await worker.run({ ratio, fixed: false, step: 0, merging: tomesdMerging });
    return { endedMs: readyMs + (stepEndsMs?.[0] ?? NaN), peak: await worker.peak() };
  } finally {
    await worker.stop();
  }
}

/** Pixels of a model's picture of so many latents a side. */
export async function pictureSizePx(model: MeasuredModel, latentSide: number): Promise<number> {
  const { vae } = await openCheckpoint(model.path);
  return latentSide * vaeDownscale(vae.config);
}
