import { precisionNames, providerNames, type Candidate, type Precision } from '#contract/runtime.ts';
import { unetPlace } from '#contract/runtime-report.ts';
import type { Generation } from '#contract/studio/generation.ts';
import { m } from '../paraglide/messages.js';

/** Where pictures are made, in words: the one place that writes a provider and its precision. */

export function providerName(provider: string): string {
  const names: Readonly<Record<string, string>> = providerNames;
  return names[provider] ?? provider;
}

/** Types are written alike in every language; a number of bits is a word. */
export function precisionName(precision: Precision): string {
  const english = precisionNames[precision];
  return precision === 'int8' ? m.shell_precision_int8({ english }) : english;
}

export interface Place {
  readonly provider: string;
  /** Null in what was made before it was told. */
  readonly precision: Precision | null;
}

/** "WebGPU · float16". */
export function placeName({ provider, precision }: Place): string {
  return precision === null
    ? providerName(provider)
    : `${providerName(provider)} · ${precisionName(precision)}`;
}

type Made = Pick<Generation, 'provider' | 'figures'>;

/** Where a picture was made; while it is being made its precision is not told. Null before it began. */
export function placeOf({ provider, figures }: Made): Place | null {
  return unetPlace(figures?.runtime) ?? (provider === null ? null : { provider, precision: null });
}

/** Two places beside each other: the device is named where nothing else tells them apart. */
export function placeNameBeside(place: Candidate, other: Candidate): string {
  const name = placeName(place);
  return name === placeName(other) ? `${name} (${place.device})` : name;
}

export function madeOn(generation: Made): string {
  const place = placeOf(generation);
  return place === null ? m.shell_place_unknown() : placeName(place);
}
