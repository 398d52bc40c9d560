import { randomUUID } from 'node:crypto';
import type { Generation } from '#contract/studio/generation.ts';
import type { Db } from './db.ts';
import { insertSql, requestColumns } from './insert.ts';
import type { Reader } from './reader.ts';
import type { NewGeneration } from './types.ts';

/** Places in the queue are numbers with room on both sides; only their order counts. */
export function createQueueOrder(db: Db, reader: Reader, now: () => number) {
  const orderEnds = db.prepare<[], { first: number | null; last: number | null }>(
    'SELECT min(queue_order) AS first, max(queue_order) AS last FROM generations WHERE queue_order IS NOT NULL',
  );
  const setOrder = db.prepare<[number, string]>(
    "UPDATE generations SET queue_order = ? WHERE id = ? AND state = 'queued'",
  );
  const ends = () => orderEnds.get() ?? { first: null, last: null };

  return {
    insertQueued: (rows: readonly NewGeneration[]): Generation[] =>
      db
        .transaction(() => {
          const last = ends().last ?? 0;
          return rows.map(({ batchId, request, model }, i) => {
            const columns = {
              ...requestColumns(request, model),
              id: randomUUID(),
              batch_id: batchId,
              state: 'queued',
              queue_order: last + i + 1,
              created_at_ms: now(),
            };
            db.prepare(insertSql('generations', Object.keys(columns))).run(columns);
            return reader.required(columns.id);
          });
        })
        .immediate(),
    /** To this place among the waiting ones; 0 = next. */
    moveQueued: (id: string, to: number): void => {
      db.transaction(() => {
        const ids = reader.queued().flatMap((row) => (row.state === 'queued' ? row.id : []));
        const from = ids.indexOf(id);
        if (from < 0) return;
        ids.splice(from, 1);
        ids.splice(Math.min(to, ids.length), 0, id);
        const first = ends().first ?? 0;
        ids.forEach((each, i) => setOrder.run(first + i + 1, each));
      }).immediate();
    },
    moveToFront: (ids: readonly string[]): void => {
      db.transaction(() => {
        const first = ends().first ?? 0;
        ids.forEach((id, i) => setOrder.run(first - ids.length + i, id));
      }).immediate();
    },
    /** A place ahead of all. */
    frontOrder: (): number => (ends().first ?? 0) - 1,
  };
}
