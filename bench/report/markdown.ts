export interface Column {
  readonly title: string;
  readonly align: 'left' | 'right';
}

/** A Markdown table; columns that are empty in every row are left out. */
export function markdownTable(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const used = columns.map((_, i) => rows.some((row) => (row[i] ?? '') !== ''));
  const line = (cells: readonly string[]) => `| ${cells.filter((_, i) => used[i] === true).join(' | ')} |`;
  return [
    line(columns.map(({ title }) => title)),
    line(columns.map(({ align }) => (align === 'right' ? '--:' : ':--'))),
    ...rows.map((row) => line(row.map((cell) => cell.replaceAll('|', '\\|')))),
  ].join('\n');
}

/** `9.4 s`, `117 ms`, `3.25 ms`. */
export function duration(ms: number): string {
  if (ms >= 10_000) return `${(ms / 1000).toFixed(1)} s`;
  if (ms >= 1000) return `${(ms / 1000).toFixed(2)} s`;
  return `${ms.toFixed(ms < 10 ? 2 : ms < 100 ? 1 : 0)} ms`;
}

/** `.5`, `0`, `1`: as ratios are written everywhere in the docs. */
export function ratioText(ratio: number): string {
  return ratio > 0 && ratio < 1 ? String(ratio).slice(1) : String(ratio);
}
