import type { Draft } from '#contract/studio/draft.ts';
import type { Generation } from '#contract/studio/generation.ts';

/** What of a picture's settings can be taken into the form, each by itself. */
export const reusableParts = [
  'prompt',
  'negativePrompt',
  'model',
  'size',
  'steps',
  'guidance',
  'seed',
  'merging',
] as const;
export type ReusablePart = (typeof reusableParts)[number];

const fields: Record<ReusablePart, (generation: Generation) => Partial<Draft>> = {
  prompt: ({ request }) => ({ prompt: request.prompt }),
  negativePrompt: ({ request }) => ({ negativePrompt: request.negativePrompt }),
  model: ({ model }) => ({ modelId: model.id }),
  size: ({ request: { widthPx, heightPx } }) => ({ widthPx, heightPx }),
  steps: ({ request: { steps, scheduler } }) => ({ steps, scheduler, presetId: null }),
  guidance: ({ request: { guidanceScale } }) => ({ guidanceScale }),
  seed: ({ request: { seed } }) => ({ seed }),
  merging: ({ request: { merging, stepCache } }) => ({ merging, stepCache, presetId: null }),
};

export function reuseChanges(generation: Generation, parts: Iterable<ReusablePart>): Partial<Draft> {
  return Object.assign({}, ...[...parts].map((part) => fields[part](generation))) as Partial<Draft>;
}
