import type { HistoryFilter } from '#contract/studio/history.ts';

/** A filter as SQL: conditions over `generations AS g`, and their values. */
export interface Where {
  readonly sql: string;
  readonly values: readonly (string | number)[];
}

/** The trigram index finds parts of three characters and more; shorter ones are looked for row by row. */
const trigram = 3;

export function whereOf(filter: HistoryFilter): Where {
  const conditions: string[] = ['g.deleted_at_ms IS NULL'];
  const values: (string | number)[] = [];
  const add = (sql: string, ...given: (string | number)[]): void => {
    conditions.push(sql);
    values.push(...given);
  };
  const words = (filter.text ?? '').split(/\s+/u).filter((word) => word !== '');
  const long = words.filter((word) => Array.from(word).length >= trigram);
  if (long.length > 0)
    add(
      'g.seq IN (SELECT rowid FROM generation_search WHERE generation_search MATCH ?)',
      long.map(quoted).join(' AND '),
    );
  for (const word of words.filter((each) => !long.includes(each)))
    add(
      "(g.prompt || ' ' || g.negative_prompt || ' ' || g.notes || ' ' || g.tags_json) LIKE ? ESCAPE '\\'",
      `%${escapeLike(word)}%`,
    );
  if (filter.modelId !== undefined) add('g.model_id = ?', filter.modelId);
  if (filter.minRatio !== undefined) add('g.ratio >= ?', filter.minRatio);
  if (filter.maxRatio !== undefined) add('g.ratio <= ?', filter.maxRatio);
  if (filter.since !== undefined) add('g.created_at_ms >= ?', filter.since);
  if (filter.until !== undefined) add('g.created_at_ms <= ?', filter.until);
  if (filter.favourite !== undefined) add(`g.favourite = ${filter.favourite ? 1 : 0}`);
  if (filter.tag !== undefined)
    add("g.tags_json <> '[]' AND EXISTS (SELECT 1 FROM json_each(g.tags_json) WHERE value = ?)", filter.tag);
  if (filter.states !== undefined)
    add(`g.state IN (${filter.states.map(() => '?').join(', ')})`, ...filter.states);
  return { sql: conditions.join(' AND '), values };
}

/** A word as an FTS5 string: nothing in it is an operator. */
function quoted(word: string): string {
  return `"${word.replaceAll('"', '""')}"`;
}

function escapeLike(word: string): string {
  return word.replaceAll(/[\\%_]/g, String.raw`\$&`);
}
