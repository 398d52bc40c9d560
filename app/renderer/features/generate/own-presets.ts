import type { Draft } from '#contract/studio/draft.ts';
import type { ModelEntry } from '#contract/studio/models.ts';
import type { Preset, PresetChanges } from '#contract/studio/presets.ts';
import { schedulerNames } from '#contract/request.ts';

/** The limits of `stepsFactor` in the contract. */
const fewest = 0.1;
const most = 4;

/** What of the form a preset keeps: merging, step caching, the steps in proportion to the model's, and a scheduler that is not the model's. */
export function presetOf(draft: Draft, model: ModelEntry | undefined): PresetChanges {
  const { merging, stepCache } = draft;
  const saved = { merging, ...(stepCache === undefined ? {} : { stepCache }) };
  const defaults = model?.defaults ?? null;
  if (defaults === null) return { ...saved, stepsFactor: 1 };
  const scheduler = schedulerNames.find((name) => name === draft.scheduler);
  return {
    ...saved,
    stepsFactor: Math.min(most, Math.max(fewest, draft.steps / defaults.steps)),
    ...(scheduler === undefined || scheduler === defaults.scheduler ? {} : { scheduler }),
  };
}

/** The preset in use: the one that was chosen, or else one whose settings are exactly those of the form. */
export function presetInUse(
  presets: readonly Preset[],
  draft: Draft,
  model: ModelEntry | undefined,
): string | undefined {
  if (draft.presetId !== null) return draft.presetId;
  const now = presetOf(draft, model);
  return presets.find(({ changes }) => isSame(changes, now))?.id;
}

function isSame(a: PresetChanges, b: PresetChanges): boolean {
  return (
    a.stepsFactor === b.stepsFactor &&
    a.scheduler === b.scheduler &&
    inOrder(a.merging) === inOrder(b.merging) &&
    inOrder(a.stepCache ?? {}) === inOrder(b.stepCache ?? {})
  );
}

function inOrder(options: object): string {
  return JSON.stringify(Object.entries(options).sort(([a], [b]) => a.localeCompare(b)));
}
