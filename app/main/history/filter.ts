import type { HistoryFilter } from '#contract/studio/history.ts';

/** A filter as SQL: tables with `generations AS g`, conditions, and their values. */
export interface Where {
  readonly from: string;
  readonly sql: string;
  readonly values: readonly (string | number)[];
  /** The column that rows come in the order of by themselves: a search yields them as it finds them. */
  readonly seq: string;
}

/** The trigram index finds parts of three characters and more. */
const trigramChars = 3;

export function whereOf(filter: HistoryFilter): Where {
  const conditions: string[] = [`g.deleted_at_ms IS ${filter.deleted === true ? 'NOT NULL' : 'NULL'}`];
  const values: (string | number)[] = [];
  const add = (sql: string, ...given: (string | number)[]): void => {
    conditions.push(sql);
    values.push(...given);
  };
  const { long, short } = wordsOf(filter.text);
  if (long.length > 0) add('s.generation_search MATCH ?', long.map(quoted).join(' AND '));
  for (const word of short) add('instr(t.text, lower(?)) > 0', word);
  if (filter.modelId !== undefined) add('g.model_id = ?', filter.modelId);
  if (filter.size !== undefined)
    add('g.picture_width_px = ? AND g.picture_height_px = ?', filter.size.widthPx, filter.size.heightPx);
  if (filter.minRatio !== undefined) add('g.ratio >= ?', filter.minRatio);
  if (filter.maxRatio !== undefined) add('g.ratio <= ?', filter.maxRatio);
  if (filter.since !== undefined) add('g.created_at_ms >= ?', filter.since);
  if (filter.until !== undefined) add('g.created_at_ms <= ?', filter.until);
  if (filter.favourite !== undefined) add(`g.favourite = ${filter.favourite ? 1 : 0}`);
  if (filter.tag !== undefined)
    add("g.tags_json <> '[]' AND EXISTS (SELECT 1 FROM json_each(g.tags_json) WHERE value = ?)", filter.tag);
  if (filter.states !== undefined)
    add(`g.state IN (${filter.states.map(() => '?').join(', ')})`, ...filter.states);
  return { ...tables(long.length > 0, short.length > 0), sql: conditions.join(' AND '), values };
}

/** CROSS JOIN fixes the order: texts first, so that what is found streams in the order of `seq`. */
function tables(searches: boolean, scans: boolean): { from: string; seq: string } {
  const generations = 'generations AS g';
  const texts = 'generation_texts AS t';
  if (searches)
    return {
      seq: 's.rowid',
      from: `generation_search AS s CROSS JOIN ${generations} ON g.seq = s.rowid${scans ? ` CROSS JOIN ${texts} ON t.seq = g.seq` : ''}`,
    };
  return scans
    ? { seq: 't.seq', from: `${texts} CROSS JOIN ${generations} ON g.seq = t.seq` }
    : { seq: 'g.seq', from: generations };
}

function wordsOf(text = ''): { long: string[]; short: string[] } {
  // A control character would end the index's own reading of a word.
  const words = text.split(/[\s\p{Cc}]+/u).filter((word) => word !== '');
  const isLong = (word: string) => Array.from(word).length >= trigramChars;
  return { long: words.filter(isLong), short: words.filter((word) => !isLong(word)) };
}

/** A word as an FTS5 string: nothing in it is an operator. */
function quoted(word: string): string {
  return `"${word.replaceAll('"', '""')}"`;
}
