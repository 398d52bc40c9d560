import { builtinPresetIds, type BuiltinPresetId, type Preset } from '#contract/studio/presets.ts';
import type { SchedulerName } from '#contract/request.ts';
import { m } from '../../paraglide/messages.js';

const names: Record<BuiltinPresetId, () => string> = {
  exact: m.generate_preset_exact,
  faithful: m.generate_preset_faithful,
  balanced: m.generate_preset_balanced,
  fast: m.generate_preset_fast,
  draft: m.generate_preset_draft,
};
const meanings: Record<BuiltinPresetId, () => string> = {
  exact: m.generate_preset_exact_means,
  faithful: m.generate_preset_faithful_means,
  balanced: m.generate_preset_balanced_means,
  fast: m.generate_preset_fast_means,
  draft: m.generate_preset_draft_means,
};

function builtin({ id }: Preset): BuiltinPresetId | undefined {
  return builtinPresetIds.find((known) => known === id);
}

export function presetName(preset: Preset): string {
  const known = builtin(preset);
  return preset.name ?? (known === undefined ? preset.id : names[known]());
}

export function presetMeaning(preset: Preset): string {
  const known = builtin(preset);
  return known === undefined ? m.generate_preset_own_means() : meanings[known]();
}

/** The field's own names: the same in every language. */
export const schedulerTitles: Record<SchedulerName, string> = {
  ddim: 'DDIM',
  pndm: 'PLMS (PNDM)',
  euler: 'Euler',
  euler_a: 'Euler a',
  euler_karras: 'Euler Karras',
  heun: 'Heun',
  dpmpp_2m: 'DPM++ 2M',
  dpmpp_2m_karras: 'DPM++ 2M Karras',
  dpmpp_2m_sde: 'DPM++ 2M SDE',
  unipc: 'UniPC',
  lcm: 'LCM',
};
