/** Where a tensor of a single file goes under diffusers' names: whole, or as one third of a fused projection. */
export interface Piece {
  readonly name: string;
  /** 0 query, 1 key, 2 value: equal thirds of the rows, one after the other. */
  readonly third?: 0 | 1 | 2;
}

/** Gives the pieces of an original name (without its part's prefix); none when the name is not known. */
export type Rename = (original: string) => readonly Piece[];

/** A renaming by the beginning of the name: the first rule that fits. The rest of the name is kept. */
export function renamePrefix(
  name: string,
  rules: readonly (readonly [string, string])[],
): string | undefined {
  for (const [from, to] of rules) {
    if (name.startsWith(from)) return `${to}${name.slice(from.length)}`;
  }
  return undefined;
}

export function whole(name: string | undefined): readonly Piece[] {
  return name === undefined ? [] : [{ name }];
}

/** How many of the indices 0, 1, 2 … in a row occur in the pattern's first group. Bounded by the number of names. */
export function countIndices(names: Iterable<string>, pattern: RegExp): number {
  const seen = new Set<number>();
  for (const name of names) {
    const index = pattern.exec(name)?.[1];
    if (index !== undefined) seen.add(Number(index));
  }
  let count = 0;
  while (seen.has(count)) count++;
  return count;
}
