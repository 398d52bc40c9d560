import type { Db } from './db.ts';

/** What could be read of a damaged history, row by row, and is in the new one now. */
export interface Salvaged {
  readonly pictures: number;
}

/** In the order that their references want. */
const small = ['models', 'model_folders', 'presets', 'settings'] as const;

/** Copies every row that can still be read; a damaged page costs the rows on it, not the others. */
export function salvage(from: Db, to: Db): Salvaged {
  return to
    .transaction(() => {
      for (const table of small) copyTable(from, to, table);
      const pictures = copyTable(from, to, 'generations');
      copyTable(from, to, 'memory_figures');
      return { pictures };
    })
    .immediate();
}

function copyTable(from: Db, to: Db, table: string): number {
  const columns = sharedColumns(from, to, table);
  if (columns.length === 0) return 0;
  const names = columns.join(', ');
  const insert = to.prepare(
    `INSERT OR IGNORE INTO ${table} (${names}) VALUES (${columns.map(() => '?').join(', ')})`,
  );
  let copied = 0;
  for (const row of readableRows(from, table, names)) {
    try {
      copied += insert.run(...row).changes;
    } catch {
      // Damage that reads as a row breaks the table's own conditions: such a row is lost.
    }
  }
  return copied;
}

function sharedColumns(from: Db, to: Db, table: string): string[] {
  const columnsOf = (db: Db): unknown[] =>
    attempt(() => db.prepare(`SELECT name FROM pragma_table_info(?)`).pluck().all(table)) ?? [];
  const known = new Set(columnsOf(from));
  return columnsOf(to).filter((name): name is string => typeof name === 'string' && known.has(name));
}

/** Each row by its number, so that one that cannot be read takes no other with it. */
function* readableRows(from: Db, table: string, names: string): Generator<unknown[]> {
  const key = attempt(() => from.prepare(`SELECT max(rowid) FROM ${table}`).pluck().get());
  if (typeof key !== 'number') {
    // Without numbers, or without an end: as far as it can be read.
    yield* untilDamage(() => from.prepare(`SELECT ${names} FROM ${table}`).raw().iterate());
    return;
  }
  const one = attempt(() => from.prepare<[number]>(`SELECT ${names} FROM ${table} WHERE rowid = ?`).raw());
  if (one === undefined) return;
  for (let number = 1; number <= key; number++) {
    const row = attempt(() => one.get(number));
    if (Array.isArray(row)) yield row;
  }
}

function* untilDamage(rows: () => Iterable<unknown>): Generator<unknown[]> {
  try {
    for (const row of rows()) if (Array.isArray(row)) yield row;
  } catch {
    // The damage begins here.
  }
}

function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
