import * as v from 'valibot';
import { ContractError } from '#contract/errors.ts';
import type { Generation } from '#contract/studio/generation.ts';
import type { HistoryQuery } from '#contract/studio/history.ts';
import type { Db } from './db.ts';
import { whereOf } from './filter.ts';
import { rowColumns, toGeneration, type GenerationRow } from './rows.ts';

/** What a sort orders by. `seq` ends every order, so that pages neither repeat nor skip. */
const orders = {
  newest: { column: 'g.seq', direction: 'DESC' },
  oldest: { column: 'g.seq', direction: 'ASC' },
  fastest: { column: 'g.total_ms', direction: 'ASC' },
  slowest: { column: 'g.total_ms', direction: 'DESC' },
  ratio: { column: 'g.ratio', direction: 'DESC' },
} as const satisfies Record<HistoryQuery['sort'], { column: string; direction: 'ASC' | 'DESC' }>;

const CursorSchema = v.tuple([v.number(), v.number()]);

export interface HistoryPage {
  readonly items: Generation[];
  readonly total: number;
  readonly nextCursor: string | null;
}

export function createPage(db: Db) {
  return ({ filter, sort, cursor, limit }: HistoryQuery): HistoryPage => {
    const { sql, values } = whereOf(filter);
    const { column, direction } = orders[sort];
    const measured = column === 'g.total_ms' ? ' AND g.total_ms IS NOT NULL' : '';
    const after = direction === 'ASC' ? '>' : '<';
    const from = cursor === undefined ? undefined : parseCursor(cursor);
    const rows = db
      .prepare<(string | number)[], GenerationRow & { sort_value: number }>(
        `SELECT ${rowColumns}, ${column} AS sort_value FROM generations AS g WHERE ${sql}${measured}
         ${from === undefined ? '' : `AND (${column}, g.seq) ${after} (?, ?)`}
         ORDER BY ${column} ${direction}, g.seq ${direction} LIMIT ?`,
      )
      .all(...values, ...(from ?? []), limit + 1);
    const shown = rows.slice(0, limit);
    const last = shown.at(-1);
    const count = db
      .prepare<(string | number)[], { total: number }>(
        `SELECT count(*) AS total FROM generations AS g WHERE ${sql}${measured}`,
      )
      .get(...values);
    return {
      items: shown.map(toGeneration),
      total: count?.total ?? 0,
      nextCursor:
        rows.length > limit && last !== undefined ? JSON.stringify([last.sort_value, last.seq]) : null,
    };
  };
}

function parseCursor(cursor: string): [number, number] {
  try {
    return v.parse(CursorSchema, JSON.parse(cursor));
  } catch (cause) {
    throw new ContractError(
      'REQUEST_INVALID',
      'This page of the history does not exist; begin at the first one.',
      { cause },
    );
  }
}
