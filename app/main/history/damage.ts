import { copyFileSync, existsSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import {
  assertSound,
  DamagedDatabaseError,
  FutureDatabaseError,
  openDamaged,
  openDatabase,
  type Db,
} from './db.ts';
import { salvage } from './salvage.ts';
import type { Notice } from './types.ts';

/** SQLite's own companions of a database in WAL. */
const companions = ['', '-wal', '-shm'];
/** A history of this size is looked through in less than a tenth of a second. */
const alwaysCheckedBytes = 8 * 2 ** 20;

const suspicionOf = (path: string): string => `${path}.suspect`;

/** Remembers over the end of the process that a page could not be read. */
export function suspect(path: string): void {
  writeFileSync(
    suspicionOf(path),
    'A page of the history could not be read: it is looked through at the next start.\n',
  );
}

/** Opens the history; a damaged one is set aside, and what can be read of it is in the new one. */
export function openOrReplace(path: string, now: () => number, notices: Notice[]): Db {
  // A write-ahead log is left over only where the last process did not end well.
  const isDoubtful = existsSync(`${path}-wal`) || sizeOf(path) <= alwaysCheckedBytes;
  try {
    if (existsSync(suspicionOf(path))) throw new DamagedDatabaseError(path, 'a page could not be read');
    const db = openDatabase(path);
    if (isDoubtful) assertSound(db);
    return db;
  } catch (error) {
    if (error instanceof FutureDatabaseError) copyOnce(path);
    if (!(error instanceof DamagedDatabaseError)) throw error;
    return replace(path, now, error, notices);
  }
}

function replace(path: string, now: () => number, error: DamagedDatabaseError, notices: Notice[]): Db {
  const stamp = new Date(now()).toISOString().replaceAll(/[:.]/g, '-');
  const aside = path.replace(/\.sqlite$/, `-damaged-${stamp}.sqlite`);
  for (const end of companions) if (existsSync(path + end)) renameSync(path + end, aside + end);
  const db = openDatabase(path);
  const damaged = openDamaged(aside);
  const { pictures } = damaged === undefined ? { pictures: 0 } : salvage(damaged, db);
  damaged?.close();
  rmSync(suspicionOf(path), { force: true });
  const saved =
    pictures === 1 ? '1 picture of it was taken over.' : `${pictures} pictures of it were taken over.`;
  notices.push({ code: error.code, message: `${error.message} It was set aside as ${aside}. ${saved}` });
  return db;
}

/** A newer Tessera's history stays as it is; the copy is for whoever tries to go back by hand. */
function copyOnce(path: string): void {
  const stamp = statSync(path).mtime.toISOString().replaceAll(/[:.]/g, '-');
  for (const end of companions) {
    const copy = `${path}.copy-${stamp}${end}`;
    if (existsSync(path + end) && !existsSync(copy)) copyFileSync(path + end, copy);
  }
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
