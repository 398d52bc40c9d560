import type { Generation } from '#contract/studio/generation.ts';
import { formatDuration, formatFactor } from '../../lib/format.ts';
import { madeOn } from '../../lib/place.ts';
import { m } from '../../paraglide/messages.js';
import { language } from '../../state/language.svelte.ts';
import type { Comparison, Row } from './comparison.svelte.ts';
import type { Estimate, TotalEstimate } from './estimate.ts';
import { areOfOnePlace, figuresOf, toneOf, type Tone } from './figures.ts';
import { candidateName, settingName, type SettingName } from './names.ts';
import { foreignFields } from './settings.ts';

export function rowName(comparison: Comparison, row: Row): SettingName {
  const base = comparison.base?.request ?? row.setting;
  if (row.candidate !== null) return candidateName(row.candidate, comparison.set, base);
  const words = settingName(row.setting, base);
  const prompt = row.group === 'picked' ? (row.generation?.request.prompt.slice(0, 60) ?? '') : '';
  const place = row.group === 'elsewhere' && row.generation !== null ? madeOn(row.generation) : '';
  return {
    name: words.name,
    detail: [place, words.detail, prompt].filter((word) => word !== '').join(' · '),
  };
}

export interface RowFigures {
  readonly time: string;
  readonly speedup: string;
  readonly tone: Tone;
  readonly likeness: string;
}

/** "3.1 s", "1.6×", "32 dB": what is known; empty where nothing is. */
export function rowFigures(comparison: Comparison, generation: Generation): RowFigures {
  const { totalMs, speedup } = figuresOf(generation, comparison.reference);
  const likeness = likenessToReference(comparison, generation);
  return {
    time: totalMs === null ? '' : formatDuration(totalMs, language.current),
    speedup: speedup === null ? '' : formatFactor(speedup, language.current),
    tone: toneOf(speedup),
    likeness: likeness === undefined ? '' : psnrText(likeness.psnrDb),
  };
}

type Likeness = NonNullable<ReturnType<Comparison['likeness']>>;

/** Undefined where there is no unmerged picture of the same request, or nothing was measured yet. */
export function likenessToReference(comparison: Comparison, generation: Generation): Likeness | undefined {
  const { reference } = comparison;
  return reference === undefined ||
    !areOfOnePlace(reference, generation) ||
    foreignFields(reference, generation).length > 0
    ? undefined
    : comparison.likeness(reference.id, generation);
}

export function psnrText(psnrDb: number | null): string {
  return psnrDb === null
    ? m.compare_identical()
    : `${psnrDb.toLocaleString(language.current, { minimumFractionDigits: 1, maximumFractionDigits: 1 })} dB`;
}

export function estimateWords(estimate: Estimate | undefined): string {
  return estimate === undefined
    ? m.compare_time_unknown()
    : m.compare_time_about({ time: formatDuration(estimate.ms, language.current) });
}

export function estimateSource(estimate: Estimate | undefined): string {
  if (estimate === undefined) return m.compare_time_unknown_source();
  const { kind, pictures } = estimate;
  return kind === 'measured'
    ? m.compare_time_measured_source({ count: pictures })
    : m.compare_time_estimated_source({ count: pictures });
}

export function totalWords({ ms, unknown }: TotalEstimate): string {
  if (unknown === 0) return m.compare_time_about({ time: formatDuration(ms, language.current) });
  return ms === 0
    ? m.compare_time_unknown()
    : m.compare_time_at_least({ time: formatDuration(ms, language.current) });
}
