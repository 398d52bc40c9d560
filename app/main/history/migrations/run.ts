import { invariant } from '#contract/errors.ts';
import type { Db } from '../db.ts';
import type { Migration } from './migration.ts';

export function schemaVersion(db: Db): number {
  const version: unknown = db.pragma('user_version', { simple: true });
  invariant(typeof version === 'number', 'SQLite gave no user_version.');
  return version;
}

/** Brings the schema up to date, each step in a transaction of its own together with its number. */
export function migrate(db: Db, steps: readonly Migration[]): void {
  let at = schemaVersion(db);
  for (const step of steps) {
    if (step.number <= at) continue;
    db.transaction(() => {
      step.apply(db);
      db.pragma(`user_version = ${step.number}`);
    }).immediate();
    invariant(step.number > at, `Migration ${step.number} comes after ${at}.`);
    at = step.number;
  }
}
