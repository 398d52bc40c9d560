import { StudioError } from '#contract/errors.ts';
import type { Generation } from '#contract/studio/generation.ts';
import { outliving } from '../../state/outliving.svelte.ts';
import type { StudioState } from '../../state/studio.svelte.ts';
import { Comparison } from './comparison.svelte.ts';
import { isSameSize } from './settings.ts';

const comparisons = new WeakMap<StudioState, Comparison>();

/** The one comparison of a window: it is still there when the room is opened again. */
export function comparisonOf(studio: StudioState): Comparison {
  const known = comparisons.get(studio);
  if (known !== undefined) return known;
  const comparison = outliving(() => new Comparison(studio));
  comparisons.set(studio, comparison);
  return comparison;
}

/** Opens the room with two pictures of the history, the first as A. Throws REQUEST_INVALID where their sizes differ. */
export function compareTwo(studio: StudioState, a: Generation, b: Generation): void {
  if (!isSameSize(a.request, b.request))
    throw new StudioError(
      'REQUEST_INVALID',
      `These pictures are ${sizeOf(a)} and ${sizeOf(b)}; only pictures of the same size can be laid over one another. Choose two of one size.`,
    );
  const comparison = comparisonOf(studio);
  comparison.begin(a);
  comparison.pick(b);
  comparison.choose('a', a.id);
  studio.open('compare', a);
}

function sizeOf({ request }: Generation): string {
  return `${request.widthPx} × ${request.heightPx}`;
}
