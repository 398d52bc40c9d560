import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { HistoryError } from '#contract/errors.ts';
import { openOrReplace, suspect } from './damage.ts';
import { lockFolder } from './folder-lock.ts';
import { createPictures, type Pictures } from './pictures.ts';
import { rebuild } from './rebuild.ts';
import { createStore, type HistoryStore } from './store.ts';
import type { Notice } from './types.ts';

export interface OpenedHistory {
  readonly store: HistoryStore;
  readonly pictures: Pictures;
  /** Said once to the artist: what had to be set aside or built again. */
  readonly notices: readonly Notice[];
  rebuild(signal?: AbortSignal): ReturnType<typeof rebuild>;
}

const binMs = 30 * 24 * 60 * 60 * 1000;

/**
 * Opens the history of a data folder, making it where there is none. A damaged database is set aside and built again
 * from what can be read of it and from the pictures. Throws HISTORY_FROM_THE_FUTURE (after a copy was made), HISTORY_IN_USE and HISTORY_UNWRITABLE.
 */
export async function openHistory({
  folder,
  now = Date.now,
}: {
  folder: string;
  now?: () => number;
}): Promise<OpenedHistory> {
  makeFolder(folder);
  const release = lockFolder(folder);
  try {
    return await openLocked(folder, now, release);
  } catch (error) {
    release();
    throw error;
  }
}

async function openLocked(folder: string, now: () => number, release: () => void): Promise<OpenedHistory> {
  const path = join(folder, 'history.sqlite');
  const isNew = !existsSync(path);
  const pictures = createPictures(folder);
  const notices: Notice[] = [];
  const db = openOrReplace(path, now, notices);
  const onDamage = (): void => {
    suspect(path);
  };
  const store = createStore(db, now, { onDamage, onClose: release });
  const again = (signal?: AbortSignal) => rebuild(store, pictures, signal);
  try {
    await pictures.sweep();
    if (isNew || notices.length > 0) {
      const { added } = await again();
      if (added > 0)
        notices.push({
          code: 'HISTORY_DAMAGED',
          message: `${added} ${added === 1 ? 'picture was' : 'pictures were'} found again on the disk. Favourites, tags and notes that no longer could be read are gone.`,
        });
    }
    await emptyBin(store, pictures, now() - binMs);
  } catch (error) {
    store.close();
    throw error;
  }
  return { store, pictures, notices, rebuild: again };
}

/** Files first: a row whose file is gone goes at the next start, a file without a row would be found again. */
async function emptyBin(store: HistoryStore, pictures: Pictures, before: number): Promise<void> {
  const old = store.deletedBefore(before);
  for (const { id, fileName } of old) await pictures.remove(id, fileName);
  store.purge(old.map(({ id }) => id));
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
