import { SvelteSet } from 'svelte/reactivity';
import type { ReusablePart } from './reuse.ts';

/** What was last ticked to be used again: kept from picture to picture. */
export const partsChosen = new SvelteSet<ReusablePart>(['prompt', 'negativePrompt', 'merging']);
