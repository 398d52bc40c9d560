import { join } from 'node:path';
import { HistoryError } from '#contract/errors.ts';
import { holdExclusively } from './db.ts';

/**
 * One Tessera a data folder: two would make each other's pictures twice. The system lets the lock go with the process,
 * however that ends. Gives what lets it go; throws HISTORY_IN_USE.
 */
export function lockFolder(folder: string): () => void {
  const release = holdExclusively(join(folder, 'history.lock'));
  if (release !== undefined) return release;
  throw new HistoryError(
    'HISTORY_IN_USE',
    `Another Tessera is open with the data folder ${folder}. Use that one, close it first, or start this one with another data folder (TESSERA_HOME, or --home).`,
    { details: { folder } },
  );
}
