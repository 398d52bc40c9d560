import { readdir } from 'node:fs/promises';
import { basename, dirname, extname, join } from 'node:path';
import { ModelError } from '#contract/errors.ts';

const SUGGESTED = 3;

/** MODEL_NOT_FOUND for a path where nothing is, with the names beside it that look most like it. */
export async function notFound(path: string): Promise<ModelError> {
  const folder = dirname(path);
  const siblings = await readdir(folder, { withFileTypes: true }).catch(() => undefined);
  if (siblings === undefined) {
    return new ModelError(
      'MODEL_NOT_FOUND',
      `There is no model at ${path}: the folder ${folder} does not exist either. Check the path.`,
      { details: { path, suggestions: [] } },
    );
  }
  const candidates = siblings
    .filter((entry) => !entry.isFile() || extname(entry.name).toLowerCase() === '.safetensors')
    .map((entry) => entry.name);
  const suggestions = nearest(basename(path), candidates).map((name) => join(folder, name));
  const todo =
    suggestions.length > 0
      ? `Did you mean ${suggestions.join(' or ')}?`
      : `Nothing of a similar name is in ${folder}.`;
  return new ModelError(
    'MODEL_NOT_FOUND',
    `There is no model at ${path}. ${todo} Give a .safetensors file or a diffusers folder.`,
    { details: { path, suggestions } },
  );
}

/** The most similar names first; a third of the letters may differ, and an extension may be left out. */
export function nearest(wanted: string, names: readonly string[]): string[] {
  const stem = (name: string) => name.toLowerCase().replace(/\.[^.]*$/, '');
  const from = wanted.toLowerCase();
  const distance = (name: string) =>
    Math.min(editDistance(from, name.toLowerCase()), editDistance(stem(from), stem(name)));
  return names
    .map((name) => ({ name, distance: distance(name) }))
    .filter((candidate) => candidate.distance <= Math.max(1, Math.floor(from.length / 3)))
    .sort((a, b) => a.distance - b.distance || a.name.localeCompare(b.name))
    .slice(0, SUGGESTED)
    .map(({ name }) => name);
}

/** Insertions, deletions and replacements between two names (Levenshtein). */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
