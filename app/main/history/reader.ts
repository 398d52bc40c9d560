import { HistoryError } from '#contract/errors.ts';
import type { Generation } from '#contract/studio/generation.ts';
import type { Db } from './db.ts';
import { rowColumns, toGeneration, type GenerationRow } from './rows.ts';

export type Reader = ReturnType<typeof createReader>;

export function createReader(db: Db) {
  const get = db.prepare<[string], GenerationRow>(
    `SELECT ${rowColumns} FROM generations AS g WHERE g.id = ?`,
  );
  const many = db.prepare<[string], GenerationRow>(
    `SELECT ${rowColumns} FROM json_each(?) AS wanted CROSS JOIN generations AS g ON g.id = wanted.value ORDER BY wanted.key`,
  );
  const waiting = db.prepare<[], GenerationRow>(
    `SELECT ${rowColumns} FROM generations AS g WHERE g.queue_order IS NOT NULL ORDER BY g.state = 'queued', g.queue_order`,
  );
  const next = db.prepare<[], { id: string }>(
    "SELECT id FROM generations WHERE queue_order IS NOT NULL AND state = 'queued' ORDER BY queue_order LIMIT 1",
  );
  const find = (id: string): Generation | undefined => {
    const row = get.get(id);
    return row === undefined ? undefined : toGeneration(row);
  };
  return {
    get: find,
    /** Those that there are, in the order asked. */
    many: (ids: readonly string[]): Generation[] => many.all(JSON.stringify(ids)).map(toGeneration),
    required: (id: string): Generation => {
      const found = find(id);
      if (found !== undefined) return found;
      throw new HistoryError(
        'GENERATION_NOT_FOUND',
        `The history has no picture ${id}. It may have been removed in another window; look at the history again.`,
        { details: { id } },
      );
    },
    /** The running one first, then the waiting ones in their order. */
    queued: (): Generation[] => waiting.all().map(toGeneration),
    nextQueued: (): { id: string } | undefined => next.get(),
  };
}
