import type { Generation } from '#contract/studio/generation.ts';
import type { StudioState } from '../../state/studio.svelte.ts';
import { Comparison } from './comparison.svelte.ts';

const comparisons = new WeakMap<StudioState, Comparison>();

/** The one comparison of a window: it is still there when the room is opened again. */
export function comparisonOf(studio: StudioState): Comparison {
  const known = comparisons.get(studio);
  if (known !== undefined) return known;
  const comparison = new Comparison(studio);
  comparisons.set(studio, comparison);
  return comparison;
}

/** Opens the room with two pictures of the history, the first on the left. */
export function compareTwo(studio: StudioState, a: Generation, b: Generation): void {
  const comparison = comparisonOf(studio);
  comparison.begin(a);
  comparison.pick(b);
  comparison.choose('a', a.id);
  studio.open('compare', a);
}
