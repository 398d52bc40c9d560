import type { Db } from '../db.ts';

/** One numbered step of the schema. Numbers go in tens, so that a forgotten step fits between; a shipped one never changes. */
export interface Migration {
  readonly number: number;
  apply(db: Db): void;
}
