import Database from 'better-sqlite3';
import { HistoryError } from '#contract/errors.ts';
import { migrations } from './migrations/all.ts';
import type { Migration } from './migrations/migration.ts';
import { migrate, schemaVersion } from './migrations/run.ts';

/** The one importer of better-sqlite3. */
export type Db = Database.Database;

const busyTimeoutMs = 5000;

/** The file is no sound database of ours: it is set aside and the history rebuilt from the pictures. */
export class DamagedDatabaseError extends HistoryError {
  constructor(path: string, cause: unknown, nextStep = '') {
    super('HISTORY_DAMAGED', `The history at ${path} is damaged: ${messageOf(cause)}.${nextStep}`, {
      details: { path },
      cause,
    });
  }
}

/** The file belongs to a newer Tessera. */
export class FutureDatabaseError extends HistoryError {
  constructor(path: string, found: number, known: number) {
    super(
      'HISTORY_FROM_THE_FUTURE',
      `The history at ${path} was written by a newer Tessera (its form is ${found}, this one knows ${known}). It was left as it is. ` +
        'Install the newer version again, or start with another data folder.',
      { details: { path, found, known } },
    );
  }
}

/** Opens or makes the history and brings its schema up to date. Throws the two errors above, or HISTORY_UNWRITABLE. */
export function openDatabase(path: string, steps: readonly Migration[] = migrations): Db {
  let db: Db | undefined;
  try {
    db = new Database(path, { timeout: busyTimeoutMs });
    const known = steps.at(-1)?.number ?? 0;
    const found = schemaVersion(db);
    if (found > known) throw new FutureDatabaseError(path, found, known);
    db.pragma('journal_mode = WAL');
    // In WAL, NORMAL may lose the last transactions when the power fails; a queue that survives should not.
    db.pragma('synchronous = FULL');
    db.pragma('foreign_keys = ON');
    migrate(db, steps);
    // The first page is read, not every one: opening 100,000 rows stays fast.
    db.prepare('SELECT count(*) FROM sqlite_schema').get();
    return db;
  } catch (error) {
    db?.close();
    throw explain(path, error);
  }
}

/** Looks at every page, which opening does not. Throws DamagedDatabaseError, after which the database is closed. */
export function assertSound(db: Db): void {
  let found: unknown;
  try {
    found = db.pragma('quick_check(1)', { simple: true });
  } catch (error) {
    found = messageOf(error);
  }
  if (found === 'ok') return;
  db.close();
  throw new DamagedDatabaseError(db.name, new Error(String(found)));
}

/** A damaged database, to save what can be read of it; undefined where nothing can. */
export function openDamaged(path: string): Db | undefined {
  try {
    return new Database(path, { readonly: true, fileMustExist: true });
  } catch {
    // Not even its first page is one of SQLite's.
    return undefined;
  }
}

/** Takes a lock that the system gives up with this process; undefined where another holds it. */
export function holdExclusively(path: string): (() => void) | undefined {
  let db: Db | undefined;
  try {
    db = new Database(path, { timeout: 0 });
    db.pragma('locking_mode = EXCLUSIVE');
    db.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    db?.close();
    if (/^SQLITE_BUSY/.test(sqliteCode(error) ?? '')) return undefined;
    throw asUnwritable(path, error);
  }
  const held = db;
  return () => {
    held.close();
  };
}

/** Whether SQLite says that the file itself is damaged. */
export function isDamage(error: unknown): boolean {
  return /^SQLITE_(?:CORRUPT|NOTADB)/.test(sqliteCode(error) ?? '');
}

/** Whether a row breaks the conditions of its table, as one from a crafted file may. */
export function isConstraint(error: unknown): boolean {
  return sqliteCode(error)?.startsWith('SQLITE_CONSTRAINT') === true;
}

function explain(path: string, error: unknown): unknown {
  const code = sqliteCode(error);
  if (code === undefined) return error;
  if (isDamage(error) || code === 'SQLITE_ERROR') return new DamagedDatabaseError(path, error);
  return asUnwritable(path, error);
}

/** A failed write as an error that the user can act on; what is not SQLite's passes. */
export function asUnwritable(path: string, error: unknown): unknown {
  const code = sqliteCode(error);
  if (code === undefined || !/^SQLITE_(?:FULL|READONLY|IOERR|CANTOPEN|BUSY|PERM)/.test(code)) return error;
  return new HistoryError(
    'HISTORY_UNWRITABLE',
    `The history at ${path} cannot be written: ${messageOf(error)} (${code}). What was written before is safe. ` +
      'Make room on the disk, give the folder back its permissions, or choose another data folder.',
    { details: { path, code }, cause: error },
  );
}

function sqliteCode(error: unknown): string | undefined {
  return error instanceof Database.SqliteError ? error.code : undefined;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
