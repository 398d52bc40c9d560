import { mergingKey } from '#contract/merging-key.ts';
import type { Annotation } from '#contract/studio/history.ts';
import type { Generation, Quality } from '#contract/studio/generation.ts';
import type { GenerationRequest } from '#contract/request.ts';
import type { Db } from './db.ts';
import { rowColumns, toGeneration, type GenerationRow } from './rows.ts';

/** What happens to a row after it was made. */
export function createAnnotations(db: Db, now: () => number) {
  const setFavourite = db.prepare<[number, string]>('UPDATE generations SET favourite = ? WHERE id = ?');
  const setTags = db.prepare<[string, string]>('UPDATE generations SET tags_json = ? WHERE id = ?');
  const setNotes = db.prepare<[string, string]>('UPDATE generations SET notes = ? WHERE id = ?');
  const setQuality = db.prepare<[string, number | null, number, string]>(
    'UPDATE generations SET quality_reference_id = ?, psnr_db = ?, ssim = ? WHERE id = ?',
  );
  // What is being made is cancelled first; only then can it go.
  const remove = db.prepare<[number, string]>(
    'UPDATE generations SET deleted_at_ms = ? WHERE id = ? AND deleted_at_ms IS NULL AND queue_order IS NULL',
  );
  const restore = db.prepare<[string]>(
    'UPDATE generations SET deleted_at_ms = NULL WHERE id = ? AND deleted_at_ms IS NOT NULL',
  );
  const related = db.prepare<[string], GenerationRow>(
    `SELECT ${rowColumns} FROM generations AS g JOIN generations AS own ON own.id = ?
     WHERE g.deleted_at_ms IS NULL AND g.state IN ('done', 'queued', 'running')
       AND g.seed = own.seed AND g.model_id = own.model_id AND g.prompt = own.prompt
       AND g.negative_prompt = own.negative_prompt AND g.width_px = own.width_px AND g.height_px = own.height_px
       AND g.request_json ->> '$.guidanceScale' = own.request_json ->> '$.guidanceScale'
     ORDER BY g.ratio, g.seq`,
  );
  const same = db.prepare<unknown[], GenerationRow>(
    `SELECT ${rowColumns} FROM generations AS g
     WHERE g.deleted_at_ms IS NULL AND g.state IN ('done', 'queued', 'running') AND g.seed = ? AND g.model_id = ? AND g.prompt = ?
       AND g.negative_prompt = ? AND g.width_px = ? AND g.height_px = ? AND g.steps = ? AND g.scheduler = ? AND g.merging_key = ?
       AND g.request_json ->> '$.guidanceScale' = ? ORDER BY g.seq DESC`,
  );
  const deleted = db.prepare<[number], { id: string; picture_file: string | null }>(
    'SELECT id, picture_file FROM generations WHERE deleted_at_ms < ?',
  );
  const purge = db.prepare<[string]>('DELETE FROM generations WHERE id = ? AND deleted_at_ms IS NOT NULL');
  const each = (ids: readonly string[], change: (id: string) => number): number =>
    db.transaction(() => ids.reduce((sum, id) => sum + change(id), 0)).immediate();

  return {
    annotate: (id: string, { favourite, tags, notes }: Annotation): void => {
      db.transaction(() => {
        if (favourite !== undefined) setFavourite.run(favourite ? 1 : 0, id);
        if (tags !== undefined) setTags.run(JSON.stringify([...new Set(tags)]), id);
        if (notes !== undefined) setNotes.run(notes, id);
      }).immediate();
    },
    remove: (ids: readonly string[]) => each(ids, (id) => remove.run(now(), id).changes),
    restore: (ids: readonly string[]) => each(ids, (id) => restore.run(id).changes),
    /** What lies in the bin since before then, with its file on the disk. */
    deletedBefore: (before: number) =>
      deleted.all(before).map(({ id, picture_file: fileName }) => ({ id, fileName })),
    /** For good. */
    purge: (ids: readonly string[]) => each(ids, (id) => purge.run(id).changes),
    related: (id: string): Generation[] => related.all(id).map(toGeneration),
    /** The newest first, wherever they were made. */
    findSame: (request: GenerationRequest, modelId: string): Generation[] => {
      const { seed, prompt, negativePrompt, widthPx, heightPx, steps, scheduler, guidanceScale } = request;
      const key = mergingKey(request.merging, request.stepCache);
      const rows = same.all(
        seed,
        modelId,
        prompt,
        negativePrompt,
        widthPx,
        heightPx,
        steps,
        scheduler,
        key,
        guidanceScale,
      );
      return rows.map(toGeneration);
    },
    setQuality: (all: readonly Quality[]): void => {
      db.transaction(() => {
        for (const { id, referenceId, psnrDb, ssim } of all) setQuality.run(referenceId, psnrDb, ssim, id);
      }).immediate();
    },
  };
}
