import type { JobFigures, PictureFigures } from '#contract/engine-protocol.ts';
import { describeMerging } from '#kernels/tome/describe.ts';
import type { MergePlan } from '#kernels/tome/plan.ts';
import { readPeakMemory, resetPeakMemory } from '../memory.ts';
import { watchDevice } from '../memory/device-peak.ts';
import { createTorchGenerator } from '../random.ts';
import { unknownWords } from '../text/words.ts';
import { planJobMemory } from './job-memory.ts';
import { checkAgainstModel, type LatentSize } from './check-request.ts';
import { decodeLatents } from './decode.ts';
import { denoise, type CallResult } from './denoise.ts';
import { encodePrompts, type EncodedPrompts } from './encode-prompts.ts';
import { breathe, type Job } from './job.ts';
import type { Model } from './model.ts';
import { toRgb } from './pixels.ts';
import { projectLatents } from './preview.ts';
import { countCalls } from './calls.ts';

/** All pictures of a request, one after another; picture i has the seed + i. Throws CancelledError between calls of the U-Net. */
export async function generate(model: Model, job: Job): Promise<JobFigures> {
  const start = performance.now();
  const wasReset = resetPeakMemory();
  const loadedBefore = model.loadMs;
  const { request } = job;
  await model.begin((message) => {
    job.emit({ type: 'warning', message });
  });
  const size = checkAgainstModel(model.checkpoint, request);
  // The scheduler refuses what it cannot do before anything large is loaded.
  const calls = countCalls(request, model.checkpoint.schedule);
  warn(model, job, size);
  const { mode, estimate } = await planJobMemory(model, job);
  const watch = model.runtime.place('unet').provider === 'cpu' ? undefined : watchDevice();
  try {
    await makePictures(model, job, size, calls);
  } catch (error) {
    await watch?.stop();
    throw error;
  }
  const deviceMemory = await watch?.stop();
  return {
    loadMs: model.loadMs - loadedBefore,
    totalMs: performance.now() - start,
    peakMemory: readPeakMemory(wasReset),
    ...(deviceMemory === undefined ? {} : { deviceMemory }),
    runtime: model.runtime.report(),
    memoryMode: mode,
    estimatedBytes: estimate.bytes,
  };
}

async function makePictures(model: Model, job: Job, size: LatentSize, calls: number): Promise<void> {
  const { request } = job;
  const prompts = await encodePrompts(model, request, request.guidanceScale > 1);
  await breathe(job);
  announce(model, job, size, prompts, calls);
  for (let picture = 0; picture < request.count; picture++) {
    await makePicture(model, job, size, prompts, picture);
  }
}

function warn(model: Model, job: Job, { latentH, latentW }: LatentSize): void {
  const { checkpoint } = model;
  const { request, emit } = job;
  for (const [what, text] of [
    ['prompt', request.prompt],
    ['negative prompt', request.negativePrompt],
  ] as const) {
    const unknown = checkpoint.vocabulary === undefined ? [] : unknownWords(text, checkpoint.vocabulary);
    if (unknown.length > 0) {
      emit({
        type: 'warning',
        message: `This model does not know these words of the ${what}: ${unknown.join(', ')}. It knows ${checkpoint.vocabulary?.length ?? 0} words; "inspect" lists them.`,
      });
    }
  }
  const { importance, ratio, ratioEnd = ratio } = request.merging;
  if (importance > 0 && request.guidanceScale <= 1 && Math.max(ratio, ratioEnd) > 0) {
    emit({
      type: 'warning',
      message:
        'Importance is what guidance changes, and at guidance 1 it changes nothing: tokens go by their likeness alone. Raise the guidance above 1 to use it.',
    });
  }
  for (const message of describeMerging(checkpoint.unet.config, request.merging, latentH, latentW).notes) {
    emit({ type: 'warning', message });
  }
}

function announce(model: Model, job: Job, size: LatentSize, prompts: EncodedPrompts, calls: number): void {
  const { request } = job;
  const report = describeMerging(model.checkpoint.unet.config, request.merging, size.latentH, size.latentW);
  const isOff = request.merging.ratio === 0 && (request.merging.ratioEnd ?? 0) === 0;
  job.emit({
    type: 'started',
    tokenCount: prompts.tokenCount,
    negativeTokenCount: prompts.negativeTokenCount,
    calls,
    runtime: model.runtime.plan(),
    merging: {
      effectiveRatio: report.effectiveRatio,
      effectiveRatioEnd: report.effectiveRatioEnd,
      maxRatio: report.maxRatio,
      blocks: isOff
        ? []
        : report.blocks.map(({ block, gridW, gridH, tokens, leftAtStart, leftAtEnd }) => ({
            ...{ block, gridW, gridH, tokens, leftAtStart, leftAtEnd },
          })),
      unmerged: [
        ...(isOff ? report.blocks.map(({ block, gridW, gridH }) => ({ block, gridW, gridH })) : []),
        ...report.unmerged,
      ],
    },
  });
}

async function makePicture(
  model: Model,
  job: Job,
  size: LatentSize,
  prompts: EncodedPrompts,
  picture: number,
): Promise<void> {
  const { request, wantMaps } = job;
  const { widthPx, heightPx } = request;
  const seed = request.seed + picture;
  const unet = await model.unet(request.merging, request.stepCache);
  // What is loaded in between (the decoder for a preview) belongs to the job's loadMs, not to the picture.
  const loadedBefore = model.loadMs;
  const start = performance.now();
  const stepsMs: number[] = [];
  const wholeSteps: boolean[] = [];
  const latents = await denoise({
    ...{ model, unet, request, seed, prompts, size, wantMaps },
    generator: createTorchGenerator(seed),
    async afterCall(result) {
      stepsMs.push(result.tookMs);
      wholeSteps.push(result.whole);
      await tell(model, job, size, picture, result);
      await breathe(job);
    },
  });
  const decoder = await model.vaeDecoder();
  const decodeStart = performance.now();
  const { vae } = model.checkpoint;
  const { latentH, latentW } = size;
  const decoded = await decodeLatents(decoder, vae.config, latents, latentH, latentW, () => breathe(job));
  const rgb = toRgb(decoded.planes, widthPx, heightPx);
  const end = performance.now();
  // The prompts are encoded once for all pictures; the first one carries the time.
  const { tokeniseMs, textMs } = picture === 0 ? prompts : { tokeniseMs: 0, textMs: 0 };
  const figures: PictureFigures = {
    ...{ tokeniseMs, textMs, stepsMs },
    ...(request.stepCache === undefined ? {} : { wholeSteps }),
    decodeMs: end - decodeStart,
    decodeTiles: decoded.tiles,
    totalMs: tokeniseMs + textMs + (end - start) - (model.loadMs - loadedBefore),
  };
  job.emit({ type: 'picture', picture, seed, widthPx, heightPx, rgb, figures });
  await breathe(job);
}

async function tell(
  model: Model,
  job: Job,
  size: LatentSize,
  picture: number,
  result: CallResult,
): Promise<void> {
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
