import { toast } from 'svelte-sonner';
import type { Generation } from '#contract/studio/generation.ts';
import { m } from '../../paraglide/messages.js';
import type { StudioState } from '../../state/studio.svelte.ts';
import { reusableParts, reuseChanges, type ReusablePart } from './reuse.ts';

/** Settings of a picture into the form, with the way back. A model that cannot be used now is left out, and that is said. */
export function reuseSettings(
  studio: StudioState,
  generation: Generation,
  parts: Iterable<ReusablePart> = reusableParts,
): void {
  const before = studio.draft.snapshot();
  const { modelId, ...others } = reuseChanges(generation, parts);
  const isUsable = studio.usableModels.some(({ id }) => id === modelId);
  studio.draft.change(modelId !== undefined && isUsable ? { ...others, modelId } : others);
  studio.open('make');
  toast(m.history_reused(), {
    ...(modelId === undefined || isUsable
      ? {}
      : { description: m.history_reused_other_model({ model: generation.model.name }) }),
    action: {
      label: m.shell_undo(),
      onClick: () => {
        studio.draft.change(before);
      },
    },
  });
}
