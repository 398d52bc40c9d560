import { HistoryError } from '#contract/errors.ts';
import { mergingKey } from '#contract/merging-key.ts';
import { isSamePlace } from '#contract/runtime.ts';
import { measuredPlace } from '#contract/runtime-report.ts';
import type { Generation, Quality } from '#contract/studio/generation.ts';
import type { OpenedHistory } from '#history/open.ts';
import type { Closeness } from './quality-maths.ts';
import { askThread } from './thread.ts';

/**
 * PSNR and SSIM of pictures against one of them. Pictures of another size are left out. What is measured against the
 * unmerged picture of the same request is kept with the rows; two pictures chosen freely tell nothing of merging.
 */
export async function measureQuality(
  history: OpenedHistory,
  referenceId: string,
  ids: readonly string[],
): Promise<Quality[]> {
  const { store } = history;
  const reference = store.required(referenceId);
  const rows = ids.map((id) => store.required(id));
  const known = rows.flatMap(({ id, quality }) =>
    quality?.referenceId === referenceId ? [{ id, ...quality }] : [],
  );
  const missing = rows.filter((row) => !known.some(({ id }) => id === row.id));
  if (missing.length === 0) return known;
  const results = await compare(
    pathOf(history, referenceId),
    missing.map(({ id }) => pathOf(history, id)),
  );
  const measured = missing.flatMap((row, i) => {
    const found = results[i];
    return found === undefined ? [] : [{ row, quality: { id: row.id, referenceId, ...found } }];
  });
  store.setQuality(measured.flatMap(({ row, quality }) => (isUnmergedOf(reference, row) ? [quality] : [])));
  return [...known, ...measured.map(({ quality }) => quality)];
}

const sharedFields = [
  'prompt',
  'negativePrompt',
  'widthPx',
  'heightPx',
  'steps',
  'scheduler',
  'guidanceScale',
  'seed',
] as const;

/** The same request at the same place, but for merging and step caching, which the reference has none of. */
function isUnmergedOf(reference: Generation, row: Generation): boolean {
  return (
    mergingKey(reference.request.merging, reference.request.stepCache) === 'none' &&
    reference.model.id === row.model.id &&
    isSamePlace(measuredPlace(reference.figures?.runtime), measuredPlace(row.figures?.runtime)) &&
    sharedFields.every((field) => reference.request[field] === row.request[field])
  );
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
  return askThread(new URL('./quality-worker.ts', import.meta.url), { reference, others });
}
