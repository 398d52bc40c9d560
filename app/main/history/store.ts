import { createAnnotations } from './annotations.ts';
import { asUnwritable, DamagedDatabaseError, isConstraint, isDamage, type Db } from './db.ts';
import { createFacets } from './facets.ts';
import { figureColumns, insertSql, requestColumns } from './insert.ts';
import { createLibraryRows } from './library-rows.ts';
import { createPage } from './page.ts';
import { createQueueOrder } from './queue-order.ts';
import { createReader } from './reader.ts';
import { createRowStates } from './row-states.ts';
import { createPictureFiles } from './picture-files.ts';
import { createPresetFigures, createStatistics } from './statistics.ts';
import type { FoundGeneration } from './types.ts';

export type HistoryStore = ReturnType<typeof createStore>;

export interface StoreOptions {
  /** Called where a page turns out to be damaged, so that the next start looks at all of them. */
  readonly onDamage?: () => void;
  readonly onClose?: () => void;
}

/** Everything the database answers, synchronously: a query takes less than a turn of the event loop. */
export function createStore(db: Db, now: () => number, { onDamage, onClose }: StoreOptions = {}) {
  const reader = createReader(db);
  const order = createQueueOrder(db, reader, now);
  const store = {
    ...reader,
    ...order,
    ...createRowStates(db, reader, () => order.frontOrder(), now),
    ...createAnnotations(db, now),
    ...createPictureFiles(db),
    ...createLibraryRows(db),
    page: createPage(db),
    facets: createFacets(db),
    statistics: createStatistics(db),
    presetFigures: createPresetFigures(db),
    /** Gives those that the history did not have yet; `refuse` hears of what the tables do not take. */
    insertFound: (
      all: readonly FoundGeneration[],
      refuse: (found: FoundGeneration, error: unknown) => void,
    ): FoundGeneration[] =>
      db
        .transaction(() =>
          all.filter((found) => {
            try {
              return insertFound(db, found);
            } catch (error) {
              if (!isConstraint(error)) throw error;
              refuse(found, error);
              return false;
            }
          }),
        )
        .immediate(),
    close: (): void => {
      db.close();
      onClose?.();
    },
  };
  return guarded(store, db.name, onDamage);
}

const nextStep =
  ' Start Tessera again: the file is set aside, and what can be read of it and of the pictures is taken over.';

/** A full disk or a read-only folder leaves every method as HISTORY_UNWRITABLE, a damaged page as HISTORY_DAMAGED. */
function guarded<T extends object>(store: T, path: string, onDamage: (() => void) | undefined): T {
  const entries = Object.entries(store).map(([name, method]: [string, (...args: unknown[]) => unknown]) => [
    name,
    (...args: unknown[]): unknown => {
      try {
        return method(...args);
      } catch (error) {
        if (!isDamage(error)) throw asUnwritable(path, error);
        onDamage?.();
        throw new DamagedDatabaseError(path, error, nextStep);
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
  const sql = `${insertSql('generations', Object.keys(columns))} ON CONFLICT (id) DO NOTHING`;
  const { changes, lastInsertRowid } = db.prepare(sql).run(columns);
  if (changes === 0) return false;
  const memory = db.prepare(
    'INSERT OR IGNORE INTO memory_figures (generation_seq, what, size_bytes, source) VALUES (?, ?, ?, ?)',
  );
  for (const { what, bytes, source } of found.memory) memory.run(lastInsertRowid, what, bytes, source);
  return true;
}
