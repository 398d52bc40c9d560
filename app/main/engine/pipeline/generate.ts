import type { JobFigures } from '#contract/engine-protocol.ts';
import type { MemoryMode } from '#contract/runtime.ts';
import { describeMerging } from '#kernels/tome/describe.ts';
import { readPeakMemory, resetPeakMemory } from '../memory.ts';
import { watchDevice } from '../memory/device-peak.ts';
import { deviceRoom } from '../memory/device-room.ts';
import { unknownWords } from '../text/words.ts';
import { countCalls } from './calls.ts';
import { checkAgainstModel, type LatentSize } from './check-request.ts';
import { encodePrompts, type EncodedPrompts } from './encode-prompts.ts';
import { planJobMemory } from './job-memory.ts';
import { breathe, type Job } from './job.ts';
import type { Model } from './model.ts';
import { makeInTwoRounds, makeOneByOne } from './order.ts';

/** All pictures of a request. Throws CancelledError between calls of the U-Net. */
export async function generate(model: Model, job: Job): Promise<JobFigures> {
  const start = performance.now();
  const wasReset = resetPeakMemory();
  const loadedBefore = model.loadMs;
  const { request } = job;
  const tellNext = (): void => {
    job.emit({ type: 'next', place: model.runtime.next() });
  };
  await model.begin((notice) => {
    job.emit({ type: 'warning', notice });
    // What is told here is mostly a device that was given up.
    tellNext();
  });
  const size = checkAgainstModel(model.checkpoint, request);
  // The scheduler refuses what it cannot do before anything large is loaded.
  const calls = countCalls(request, model.checkpoint.schedule);
  warn(model, job, size);
  const { mode, estimate } = await planJobMemory(model, job, job.askRoom ?? deviceRoom);
  tellNext();
  const watch = model.runtime.place('unet').provider === 'cpu' ? undefined : watchDevice();
  try {
    await makePictures(model, job, size, calls, mode);
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
    ...(estimate.deviceBytes === undefined ? {} : { estimatedDeviceBytes: estimate.deviceBytes }),
  };
}

async function makePictures(
  model: Model,
  job: Job,
  size: LatentSize,
  calls: number,
  mode: MemoryMode,
): Promise<void> {
  const { request } = job;
  const prompts = await encodePrompts(model, request, request.guidanceScale > 1);
  await breathe(job);
  announce(model, job, size, prompts, calls);
  const context = { model, job, size, prompts };
  await (mode === 'low' && request.count > 1 ? makeInTwoRounds(context) : makeOneByOne(context));
}

function warn(model: Model, job: Job, { latentH, latentW }: LatentSize): void {
  const { checkpoint } = model;
  const { request, emit } = job;
  const { vocabulary } = checkpoint;
  for (const [of, text] of [
    ['prompt', request.prompt],
    ['negative', request.negativePrompt],
  ] as const) {
    const words = vocabulary === undefined ? [] : unknownWords(text, vocabulary);
    if (words.length > 0)
      emit({
        type: 'warning',
        notice: { code: 'unknown-words', of, words, known: vocabulary?.length ?? 0 },
      });
  }
  const { importance, ratio, ratioEnd = ratio } = request.merging;
  if (importance > 0 && request.guidanceScale <= 1 && Math.max(ratio, ratioEnd) > 0) {
    emit({ type: 'warning', notice: { code: 'importance-idle' } });
  }
  for (const notice of describeMerging(checkpoint.unet.config, request.merging, latentH, latentW).notes) {
    emit({ type: 'warning', notice });
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
