import { unetPlace, type Precision } from '#contract/runtime.ts';
import type { Generation } from '#contract/studio/generation.ts';
import { m } from '../paraglide/messages.js';

/** Where pictures are made, in words: the one place that writes a provider and its precision. */

/** What runtimes call themselves, as people write it. */
const providerNames = new Map([
  ['cpu', 'CPU'],
  ['webgpu', 'WebGPU'],
  ['cuda', 'CUDA'],
  ['dml', 'DirectML'],
  ['coreml', 'Core ML'],
]);

export function providerName(provider: string): string {
  return providerNames.get(provider) ?? provider;
}

const precisionNames: Readonly<Record<Precision, () => string>> = {
  f32: m.shell_precision_f32,
  f16: m.shell_precision_f16,
  int8: m.shell_precision_int8,
};

export function precisionName(precision: Precision): string {
  return precisionNames[precision]();
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

export function isSamePlace(a: Place | null, b: Place | null): boolean {
  return a?.provider === b?.provider && a?.precision === b?.precision;
}

export function madeOn(generation: Made): string {
  const place = placeOf(generation);
  return place === null ? m.shell_place_unknown() : placeName(place);
}
