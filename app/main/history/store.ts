import { createAnnotations } from './annotations.ts';
import { asUnwritable, type Db } from './db.ts';
import { createFacets } from './facets.ts';
import { figureColumns, insertSql, requestColumns } from './insert.ts';
import { createLibraryRows } from './library-rows.ts';
import { createPage } from './page.ts';
import { createQueueOrder } from './queue-order.ts';
import { createReader } from './reader.ts';
import { createRowStates } from './row-states.ts';
import { createPresetFigures, createStatistics } from './statistics.ts';
import type { FoundGeneration } from './types.ts';

export type HistoryStore = ReturnType<typeof createStore>;

/** Everything the database answers, synchronously: a query takes less than a turn of the event loop. */
export function createStore(db: Db, now: () => number) {
  const reader = createReader(db);
  const order = createQueueOrder(db, reader, now);
  const store = {
    ...reader,
    ...order,
    ...createRowStates(db, reader, () => order.frontOrder(), now),
    ...createAnnotations(db, now),
    ...createLibraryRows(db),
    page: createPage(db),
    facets: createFacets(db),
    statistics: createStatistics(db),
    presetFigures: createPresetFigures(db),
    insertFound: (found: FoundGeneration): boolean => insertFound(db, found),
    close: (): void => {
      db.close();
    },
  };
  return guarded(store, db.name);
}

/** A full disk or a read-only folder leaves every method as HISTORY_UNWRITABLE. */
function guarded<T extends object>(store: T, path: string): T {
  const entries = Object.entries(store).map(([name, method]: [string, (...args: unknown[]) => unknown]) => [
    name,
    (...args: unknown[]): unknown => {
      try {
        return method(...args);
      } catch (error) {
        throw asUnwritable(path, error);
      }
    },
  ]);
  return Object.fromEntries(entries) as T;
}

/** False where the history has it already. */
function insertFound(db: Db, found: FoundGeneration): boolean {
  const { fileName, ...size } = found.picture;
  const columns = {
    ...requestColumns(found.request, found.model),
    ...figureColumns(found.figures),
    id: found.id,
    batch_id: found.batchId,
    state: 'done',
    created_at_ms: found.createdAt,
    finished_at_ms: found.createdAt,
    provider: found.provider,
    merging_json: found.merging === null ? null : JSON.stringify(found.merging),
    picture_file: fileName,
    picture_width_px: size.widthPx,
    picture_height_px: size.heightPx,
    picture_size_bytes: size.sizeBytes,
    has_maps: found.hasMaps ? 1 : 0,
  };
  return db
    .transaction(() => {
      const sql = `${insertSql('generations', Object.keys(columns))} ON CONFLICT (id) DO NOTHING`;
      const { changes, lastInsertRowid } = db.prepare(sql).run(columns);
      if (changes === 0) return false;
      const memory = db.prepare(
        'INSERT INTO memory_figures (generation_seq, what, size_bytes, source) VALUES (?, ?, ?, ?)',
      );
      for (const { what, bytes, source } of found.memory) memory.run(lastInsertRowid, what, bytes, source);
      return true;
    })
    .immediate();
}
