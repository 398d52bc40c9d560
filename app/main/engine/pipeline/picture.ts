import type { PictureFigures } from '#contract/engine-protocol.ts';
import type { MergePlan } from '#kernels/tome/plan.ts';
import { createTorchGenerator } from '../random.ts';
import type { LatentSize } from './check-request.ts';
import { decodeLatents } from './decode.ts';
import { denoise, type CallResult } from './denoise.ts';
import type { EncodedPrompts } from './encode-prompts.ts';
import { breathe, type Job } from './job.ts';
import type { Model } from './model.ts';
import { toRgb } from './pixels.ts';
import { projectLatents } from './preview.ts';

/** What the pictures of a job have in common. */
export interface PictureJob {
  readonly model: Model;
  readonly job: Job;
  readonly size: LatentSize;
  readonly prompts: EncodedPrompts;
}

/** A picture whose steps are done: its latents, and what they took. */
export interface Denoised {
  readonly picture: number;
  readonly seed: number;
  /** [C, h, w] as the U-Net knows them. */
  readonly latents: Float32Array;
  readonly figures: Omit<PictureFigures, 'decodeMs' | 'decodeTiles'>;
}

/** The steps of one picture; picture i has the request's seed + i. Throws CancelledError between calls of the U-Net. */
export async function denoisePicture(context: PictureJob, picture: number): Promise<Denoised> {
  const { model, job, size, prompts } = context;
  const { request, wantMaps } = job;
  const seed = request.seed + picture;
  const unet = await model.unet(request.merging, request.stepCache);
  const clock = startClock(model);
  const stepsMs: number[] = [];
  const wholeSteps: boolean[] = [];
  const latents = await denoise({
    ...{ model, unet, request, seed, prompts, size, wantMaps },
    generator: createTorchGenerator(seed),
    async afterCall(result) {
      stepsMs.push(result.tookMs);
      wholeSteps.push(result.whole);
      await tell(context, picture, result);
      // With all steps done it is the caller's to stop: it knows what becomes of them.
      if (result.call + 1 < result.calls) await breathe(job);
    },
  });
  // The prompts are encoded once for all pictures; the first one carries the time.
  const { tokeniseMs, textMs } = picture === 0 ? prompts : { tokeniseMs: 0, textMs: 0 };
  const figures = {
    ...{ tokeniseMs, textMs, stepsMs },
    ...(request.stepCache === undefined ? {} : { wholeSteps }),
    totalMs: tokeniseMs + textMs + clock.workedMs(),
  };
  return { picture, seed, latents, figures };
}

/** The pixels of a picture whose steps are done, told as a picture of the job. Throws CancelledError between strips. */
export async function decodePicture({ model, job, size }: PictureJob, denoised: Denoised): Promise<void> {
  const { picture, seed, latents } = denoised;
  const { widthPx, heightPx } = job.request;
  const { latentH, latentW } = size;
  const decoding = await model.decoding(latentH, latentW);
  const clock = startClock(model);
  const start = performance.now();
  const { vae } = model.checkpoint;
  const decoded = await decodeLatents(decoding, vae.config, latents, latentH, latentW, (done, strips) => {
    job.emit({ type: 'decoding', picture, done, strips });
    return breathe(job);
  });
  const rgb = toRgb(decoded.planes, widthPx, heightPx);
  const figures: PictureFigures = {
    ...denoised.figures,
    decodeMs: performance.now() - start,
    decodeTiles: decoded.strips,
    totalMs: denoised.figures.totalMs + clock.workedMs(),
  };
  job.emit({ type: 'picture', picture, seed, widthPx, heightPx, rgb, figures });
}

/** What is loaded meanwhile (the decoder for a preview, a net on the next device) is the job's time, not the picture's. */
function startClock(model: Model): { workedMs: () => number } {
  const [start, loadedBefore] = [performance.now(), model.loadMs];
  return { workedMs: () => performance.now() - start - (model.loadMs - loadedBefore) };
}

async function tell({ model, job, size }: PictureJob, picture: number, result: CallResult): Promise<void> {
  const { timestep, tookMs, effectiveRatio, whole, calls } = result;
  const call = result.call + 1;
  // Maps first: who hears of a step can ask for its maps.
  if (job.wantMaps && result.plan !== undefined && job.request.merging.mode !== 'downsample') {
    const destinations = destinationsOf(result.plan);
    job.emit({
      type: 'maps',
      picture,
      call,
      timestep,
      effectiveRatio,
      destinations,
      blocks: [...result.maps],
    });
  }
  job.emit({ type: 'progress', picture, call, calls, timestep, tookMs, effectiveRatio, whole });
  if (job.previewEvery > 0 && call % job.previewEvery === 0 && call < calls) {
    const { latentW: widthPx, latentH: heightPx } = size;
    const rgb = projectLatents(await model.preview(), result.predicted, widthPx * heightPx);
    job.emit({ type: 'preview', picture, call, widthPx, heightPx, rgb });
  }
}

function destinationsOf(plan: MergePlan) {
  return plan.levels
    .filter((level) => level.merged > 0)
    .map(({ gridW, gridH, partitions }) => {
      const rows = new Set(partitions).size === 1 ? partitions.slice(0, 1) : partitions;
      const positions = Int32Array.from(rows.flatMap(({ dst }) => [...dst]));
      return { gridW, gridH, rows: rows.length, positions };
    });
}
