/** Where rows stood in the gallery before they were taken out. */
export interface Place {
  readonly id: string;
  readonly index: number;
}

export function takeOut(ids: readonly string[], gone: readonly string[]): { ids: string[]; places: Place[] } {
  const without = new Set(gone);
  const places = ids.flatMap((id, index) => (without.has(id) ? [{ id, index }] : []));
  return { ids: ids.filter((id) => !without.has(id)), places };
}

/** Each back where it stood, as far as the list is still that long. */
export function putBack(ids: readonly string[], places: readonly Place[]): string[] {
  const next = [...ids];
  const known = new Set(ids);
  for (const { id, index } of places.toSorted((a, b) => a.index - b.index))
    if (!known.has(id)) next.splice(Math.min(index, next.length), 0, id);
  return next;
}

/** Those that are not among the others. */
export function newTo(others: readonly string[], ids: readonly string[]): string[] {
  const known = new Set(others);
  return ids.filter((id) => !known.has(id));
}
