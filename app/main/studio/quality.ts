import { Worker } from 'node:worker_threads';
import { HistoryError } from '#contract/errors.ts';
import type { Quality } from '#contract/studio/generation.ts';
import type { OpenedHistory } from '#history/open.ts';
import type { Closeness } from './quality-maths.ts';

/** PSNR and SSIM of pictures against one of them, kept with the rows. Pictures of another size are left out. */
export async function measureQuality(
  history: OpenedHistory,
  referenceId: string,
  ids: readonly string[],
): Promise<Quality[]> {
  const { store } = history;
  const known = ids.flatMap((id) => {
    const quality = store.required(id).quality;
    return quality?.referenceId === referenceId ? [{ id, ...quality }] : [];
  });
  const missing = ids.filter((id) => !known.some((each) => each.id === id));
  if (missing.length === 0) return known;
  const results = await compare(
    pathOf(history, referenceId),
    missing.map((id) => pathOf(history, id)),
  );
  const measured = missing.flatMap((id, i) => {
    const found = results[i];
    return found === undefined ? [] : [{ id, referenceId, ...found }];
  });
  store.setQuality(measured);
  return [...known, ...measured];
}

function pathOf({ store, pictures }: OpenedHistory, id: string): string {
  const fileName = store.pictureFile(id);
  if (fileName !== undefined) return pictures.picture(fileName);
  throw new HistoryError(
    'GENERATION_NOT_FOUND',
    `The picture ${id} has no file to compare; it may have been deleted on the disk. Make it again.`,
  );
}

function compare(reference: string, others: readonly string[]): Promise<(Closeness | undefined)[]> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./quality-worker.ts', import.meta.url), {
      workerData: { reference, others },
    });
    worker.once('message', resolve);
    worker.once('error', reject);
    worker.once('exit', () => {
      reject(new Error('The comparison ended without an answer.'));
    });
  });
}
