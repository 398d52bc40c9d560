/** The scalars of a YAML file under dotted paths, e.g. "model.params.parameterization" → "v". */
export type YamlScalars = ReadonlyMap<string, string>;

/**
 * Reads the plain subset of YAML that original Stable Diffusion configurations use: nested keys by indentation and
 * scalar values. Lists, anchors and multi-line texts are passed over.
 */
export function readYamlScalars(text: string): YamlScalars {
  const scalars = new Map<string, string>();
  const open: { readonly indent: number; readonly key: string }[] = [];
  for (const line of text.split(/\r?\n/)) {
    const match = /^(\s*)([\w.-]+)\s*:(?:\s+(.*))?$/.exec(line);
    if (match === null) continue;
    const [, blanks = '', key = '', rest = ''] = match;
    while ((open.at(-1)?.indent ?? -1) >= blanks.length) open.pop();
    open.push({ indent: blanks.length, key });
    const value = scalar(rest);
    const path = open.map((level) => level.key).join('.');
    if (value !== '' && !scalars.has(path)) scalars.set(path, value);
  }
  return scalars;
}

/** A value without its quotes or trailing comment. */
function scalar(text: string): string {
  const quoted = /^"([^"]*)"|^'([^']*)'/.exec(text);
  if (quoted !== null) return quoted[1] ?? quoted[2] ?? '';
  return text.replace(/(^|\s)#.*$/, '').trim();
}
