import type { MergingOptions } from '#contract/request.ts';
import type { MergingDescription } from '#contract/studio/models.ts';

/** Why merging would not do what was asked, or not pay. */
export type MergingNote =
  | { readonly kind: 'off' | 'no-block' | 'no-destination' | 'less-than-one' }
  | { readonly kind: 'capped'; readonly maxRatio: number }
  | { readonly kind: 'slower'; readonly share: number };

/** Below this, a difference between two timings is noise. */
const worthSaying = 0.02;
const roundingError = 0.001;

/** The one thing that must be said of the merging in the form; undefined where all is as asked. */
export function mergingNote(merging: MergingOptions, facts: MergingDescription): MergingNote | undefined {
  const asked = Math.max(merging.ratio, merging.ratioEnd ?? 0);
  if (asked === 0) return undefined;
  if (!merging.selfAttention && !merging.crossAttention && !merging.mlp) return { kind: 'off' };
  const really = Math.max(facts.effectiveRatio, facts.effectiveRatioEnd);
  if (really === 0 && merging.blocks !== undefined) {
    const known = new Set(facts.blocks.map(({ block }) => block));
    if (!merging.blocks.some((block) => known.has(block))) return { kind: 'no-block' };
  }
  if (facts.maxRatio === 0) return { kind: facts.blocks.length === 0 ? 'no-block' : 'no-destination' };
  if (really === 0) return { kind: 'less-than-one' };
  if (asked > facts.maxRatio + roundingError) return { kind: 'capped', maxRatio: facts.maxRatio };
  if (facts.speedup !== null && facts.speedup < 1 - worthSaying)
    return { kind: 'slower', share: 1 / facts.speedup - 1 };
  return undefined;
}
