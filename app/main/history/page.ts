import * as v from 'valibot';
import { ContractError } from '#contract/errors.ts';
import type { Generation } from '#contract/studio/generation.ts';
import type { HistoryQuery } from '#contract/studio/history.ts';
import type { Db } from './db.ts';
import { whereOf } from './filter.ts';
import { rowColumns, toGeneration, type GenerationRow } from './rows.ts';

/** What a sort orders by. `seq` ends every order, so that pages neither repeat nor skip. */
const orders = {
  newest: { column: 'seq', direction: 'DESC' },
  oldest: { column: 'seq', direction: 'ASC' },
  fastest: { column: 'g.total_ms', direction: 'ASC' },
  slowest: { column: 'g.total_ms', direction: 'DESC' },
  ratio: { column: 'g.ratio', direction: 'DESC' },
} as const satisfies Record<HistoryQuery['sort'], { column: string; direction: 'ASC' | 'DESC' }>;

const CursorSchema = v.tuple([v.number(), v.number()]);

export interface HistoryPage {
  readonly items: Generation[];
  /** Of the whole filter, where `totalExact`; else there are more. */
  readonly total: number;
  readonly totalExact: boolean;
  readonly nextCursor: string | null;
}

/** Counting on would take longer than anyone reads. */
const maxCounted = 5_000;

export function createPage(db: Db) {
  return ({ filter, sort, cursor, limit }: HistoryQuery): HistoryPage => {
    const { from, sql, values, seq } = whereOf(filter);
    const { column: wanted, direction } = orders[sort];
    const column = wanted === 'seq' ? seq : wanted;
    const where = wanted === 'g.total_ms' ? `${sql} AND g.total_ms IS NOT NULL` : sql;
    const start = cursor === undefined ? undefined : parseCursor(cursor);
    const after = afterCursor(column, seq, direction === 'ASC' ? '>' : '<');
    const order = column === seq ? `${seq} ${direction}` : `${column} ${direction}, ${seq} ${direction}`;
    const rows = db
      .prepare<(string | number)[], GenerationRow & { sort_value: number }>(
        `SELECT ${rowColumns}, ${column} AS sort_value FROM ${from} WHERE ${where}
         ${start === undefined ? '' : `AND ${after.sql}`} ORDER BY ${order} LIMIT ?`,
      )
      .all(...values, ...(start === undefined ? [] : after.values(start)), limit + 1);
    const shown = rows.slice(0, limit);
    const last = shown.at(-1);
    const total =
      // All of them are on this page: nothing is left to count.
      start === undefined && rows.length <= limit
        ? rows.length
        : count(db, `FROM ${from} WHERE ${where}`, values);
    return {
      items: shown.map(toGeneration),
      total: Math.min(total, maxCounted),
      totalExact: total <= maxCounted,
      nextCursor:
        rows.length > limit && last !== undefined ? JSON.stringify([last.sort_value, last.seq]) : null,
    };
  };
}

function count(db: Db, rows: string, values: readonly (string | number)[]): number {
  const sql = `SELECT count(*) AS total FROM (SELECT 1 ${rows} LIMIT ${maxCounted + 1})`;
  return db.prepare<(string | number)[], { total: number }>(sql).get(...values)?.total ?? 0;
}

function afterCursor(column: string, seq: string, after: '<' | '>') {
  return column === seq
    ? { sql: `${seq} ${after} ?`, values: ([, last]: [number, number]) => [last] }
    : { sql: `(${column}, ${seq}) ${after} (?, ?)`, values: (cursor: [number, number]) => cursor };
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
