import { CancelledError } from '#contract/errors.ts';
import { breathe } from './job.ts';
import { decodePicture, denoisePicture, type Denoised, type PictureJob } from './picture.ts';

/** In which order the steps and the decoding of a job's pictures are done. Both throw what stopped them. */

export async function makeOneByOne(context: PictureJob): Promise<void> {
  for (let picture = 0; picture < context.job.request.count; picture++) {
    const denoised = await denoisePicture(context, picture);
    await breathe(context.job);
    await decodePicture(context, denoised);
    await breathe(context.job);
  }
}

/**
 * The steps of all pictures, then all decoding: where only one net fits, each is loaded once for the job and not once for
 * each picture. What waits in between are latents, 64 KB at 512 px.
 */
export async function makeInTwoRounds(context: PictureJob): Promise<void> {
  const { job } = context;
  const waiting: Denoised[] = [];
  let isDecoding = false;
  try {
    for (let picture = 0; picture < job.request.count; picture++) {
      waiting.push(await denoisePicture(context, picture));
      await breathe(job);
    }
    isDecoding = true;
    await decodeAll(context, waiting);
  } catch (stopped) {
    const isKept = !isDecoding || stopped instanceof CancelledError;
    if (isKept && waiting.length > 0) await keep(context, waiting);
    throw stopped;
  }
}

/** Takes each off the list once it is a picture. */
async function decodeAll(context: PictureJob, waiting: Denoised[]): Promise<void> {
  for (let next = waiting[0]; next !== undefined; next = waiting[0]) {
    await decodePicture(context, next);
    waiting.shift();
    await breathe(context.job);
  }
}

/** Steps that are done, mostly minutes of them, are not lost to what ended the others: one by one they would be pictures by now. */
async function keep(context: PictureJob, waiting: Denoised[]): Promise<void> {
  const { job } = context;
  job.emit({ type: 'keeping', pictures: waiting.length });
  try {
    await decodeAll({ ...context, job: { ...job, isCancelled: () => false } }, waiting);
  } catch (error) {
    // The job ends with what stopped it first.
    const reason = error instanceof Error ? error.message : String(error);
    job.emit({ type: 'warning', notice: { code: 'pictures-not-kept', reason } });
  }
}
