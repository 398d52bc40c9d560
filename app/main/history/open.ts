import { copyFileSync, existsSync, mkdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { HistoryError } from '#contract/errors.ts';
import { DamagedDatabaseError, FutureDatabaseError, openDatabase, type Db } from './db.ts';
import { createPictures, type Pictures } from './pictures.ts';
import { rebuild } from './rebuild.ts';
import { createStore, type HistoryStore } from './store.ts';
import type { Notice } from './types.ts';

export interface OpenedHistory {
  readonly store: HistoryStore;
  readonly pictures: Pictures;
  /** Said once to the artist: what had to be set aside or built again. */
  readonly notices: readonly Notice[];
  rebuild(): ReturnType<typeof rebuild>;
}

const binMs = 30 * 24 * 60 * 60 * 1000;
/** SQLite's own companions of a database in WAL. */
const companions = ['', '-wal', '-shm'];

/**
 * Opens the history of a data folder, making it where there is none. A damaged database is set aside and built again
 * from the pictures. Throws HISTORY_FROM_THE_FUTURE (after a copy was made) and HISTORY_UNWRITABLE.
 */
export async function openHistory({
  folder,
  now = Date.now,
}: {
  folder: string;
  now?: () => number;
}): Promise<OpenedHistory> {
  makeFolder(folder);
  const path = join(folder, 'history.sqlite');
  const isNew = !existsSync(path);
  const pictures = createPictures(folder);
  const notices: Notice[] = [];
  const db = openOrSetAside(path, now, notices);
  const store = createStore(db, now);
  const again = () => rebuild(store, pictures);
  await pictures.sweep();
  if (isNew || notices.length > 0) {
    const { added } = await again();
    if (added > 0)
      notices.push({
        code: 'HISTORY_DAMAGED',
        message: `The history was built again from ${added} ${added === 1 ? 'picture' : 'pictures'} on the disk. Favourites, tags and notes of the lost one could not be read.`,
      });
  }
  for (const { id, fileName } of store.purge(now() - binMs)) await pictures.remove(id, fileName);
  return { store, pictures, notices, rebuild: again };
}

function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true });
  } catch (cause) {
    throw new HistoryError(
      'HISTORY_UNWRITABLE',
      `The data folder ${folder} cannot be made: ${cause instanceof Error ? cause.message : String(cause)}. Choose another one with TESSERA_HOME.`,
      { details: { folder }, cause },
    );
  }
}

function openOrSetAside(path: string, now: () => number, notices: Notice[]): Db {
  try {
    return openDatabase(path);
  } catch (error) {
    const stamp = new Date(now()).toISOString().replaceAll(/[:.]/g, '-');
    if (error instanceof FutureDatabaseError) {
      for (const end of companions)
        if (existsSync(path + end)) copyFileSync(path + end, `${path}.copy-${stamp}${end}`);
      throw error;
    }
    if (!(error instanceof DamagedDatabaseError)) throw error;
    const aside = path.replace(/\.sqlite$/, `-damaged-${stamp}.sqlite`);
    for (const end of companions) if (existsSync(path + end)) renameSync(path + end, aside + end);
    notices.push({ code: error.code, message: `${error.message} It was set aside as ${aside}.` });
    return openDatabase(path);
  }
}
