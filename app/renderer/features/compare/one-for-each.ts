import type { Generation } from '#contract/studio/generation.ts';

/** One picture for each key: the one the comparison began with, else one that can be seen, else the newest. */
export function oneForEach(
  pictures: readonly Generation[],
  rootId: string,
  keyOf: (generation: Generation) => string,
): ReadonlyMap<string, Generation> {
  const worth = ({ id, picture, state }: Generation): number =>
    id === rootId ? 3 : picture !== null ? 2 : state === 'queued' || state === 'running' ? 1 : 0;
  const found = new Map<string, Generation>();
  for (const generation of pictures) {
    const key = keyOf(generation);
    const before = found.get(key);
    if (before === undefined || worth(generation) >= worth(before)) found.set(key, generation);
  }
  return found;
}
