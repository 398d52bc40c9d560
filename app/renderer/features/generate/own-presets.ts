import type { Draft } from '#contract/studio/draft.ts';
import type { ModelEntry } from '#contract/studio/models.ts';
import type { PresetChanges } from '#contract/studio/presets.ts';
import { schedulerNames } from '#contract/request.ts';

/** The limits of `stepsFactor` in the contract. */
const fewest = 0.1;
const most = 4;

/** What of the form a preset keeps: merging, the steps in proportion to the model's, and a scheduler that is not the model's. */
export function presetOf(draft: Draft, model: ModelEntry | undefined): PresetChanges {
  const { merging } = draft;
  const defaults = model?.defaults ?? null;
  if (defaults === null) return { merging, stepsFactor: 1 };
  const scheduler = schedulerNames.find((name) => name === draft.scheduler);
  return {
    merging,
    stepsFactor: Math.min(most, Math.max(fewest, draft.steps / defaults.steps)),
    ...(scheduler === undefined || scheduler === defaults.scheduler ? {} : { scheduler }),
  };
}
