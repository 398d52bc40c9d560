import type { ModelKind } from '#contract/model.ts';
import type { ModelEntry } from '#contract/studio/models.ts';
import { m } from '../../paraglide/messages.js';

/** Names of the field: the same in every language. */
export const kindNames: Record<ModelKind, string> = {
  sd1: 'SD 1.x',
  'sd2-base': 'SD 2.x base',
  'sd2-v': 'SD 2.x v',
};

const states = {
  ready: m.models_state_ready,
  checking: m.models_state_checking,
  unusable: m.models_state_unusable,
  missing: m.models_state_missing,
};

export function stateName({ state }: ModelEntry): string {
  return states[state]();
}

const layouts = { 'single-file': m.models_layout_file, 'diffusers-folder': m.models_layout_folder };

export function layoutName({ layout }: ModelEntry): string | undefined {
  return layout === null ? undefined : layouts[layout]();
}
