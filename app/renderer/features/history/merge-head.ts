/** The gallery's ids after its first page was read again. */
export interface MergedHead {
  readonly ids: readonly string[];
  /** True where nothing of the old order is left behind the new head: its cursor goes on from there. */
  readonly headEnds: boolean;
}

/**
 * Puts a page that was read anew before what was loaded already: what came is in, what went is out, and what lies further
 * down stays as it is. `isWhole` = there is nothing after the page.
 */
export function mergeHead(old: readonly string[], head: readonly string[], isWhole: boolean): MergedHead {
  if (isWhole) return { ids: head, headEnds: true };
  const places = new Map(old.map((id, i) => [id, i]));
  const last = head.findLast((id) => places.has(id));
  const fresh = new Set(head);
  const tail =
    last === undefined ? [] : old.slice((places.get(last) ?? 0) + 1).filter((id) => !fresh.has(id));
  return { ids: [...head, ...tail], headEnds: tail.length === 0 };
}
