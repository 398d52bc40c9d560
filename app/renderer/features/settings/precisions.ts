import {
  precisions,
  type Candidate,
  type Device,
  type Precision,
  type RuntimeChoice,
  type Verdict,
} from '#contract/runtime.ts';
import type { SystemDevices } from '#contract/studio/system.ts';
import { precisionName, providerName } from '../../lib/place.ts';
import { m } from '../../paraglide/messages.js';

/** What can be asked of the chosen device, each with one line of what it gains and costs. */

export interface PrecisionChoice {
  readonly value: RuntimeChoice['precision'];
  readonly label: string;
  readonly detail: string;
  /** Where the line's figures are from. */
  readonly source?: string;
  readonly disabled: boolean;
}

export function precisionChoices(runtime: RuntimeChoice, system: SystemDevices): PrecisionChoice[] {
  const devices = devicesOf(runtime.provider, system);
  const provider = devices[0]?.provider ?? 'cpu';
  const offered = precisions.filter((each) => devices.some((device) => device.precisions.includes(each)));
  const auto: PrecisionChoice = {
    value: 'auto',
    label: m.settings_precision_auto(),
    detail: autoWords(devices, system.verdicts),
    disabled: false,
  };
  const own = offered.map((value): PrecisionChoice => {
    const isWrong = devices.every((device) => isRefused(device, value, system.verdicts));
    return { value, label: precisionName(value), ...words(value, isWrong), disabled: isWrong };
  });
  const { precision } = runtime;
  const isOffered = precision === 'auto' || offered.includes(precision);
  return [auto, ...own, ...(isOffered ? [] : [absent(precision, provider)])];
}

/** Another device: with the precision that was chosen, where that device has it. */
export function onDevice(
  runtime: RuntimeChoice,
  provider: RuntimeChoice['provider'],
  system: SystemDevices,
): RuntimeChoice {
  const moved = { ...runtime, provider };
  const kept = precisionChoices(moved, system).find(({ value }) => value === runtime.precision);
  return kept === undefined || kept.disabled ? { ...moved, precision: 'auto' } : moved;
}

/** Said where the next picture is not made in what was chosen; undefined where it is, or is not known yet. */
export function otherThanChosen({ precision }: RuntimeChoice, next: Candidate | null): string | undefined {
  if (precision === 'auto' || next === null || next.precision === precision) return undefined;
  return m.settings_precision_other({
    asked: precisionName(precision),
    device: providerName(next.provider),
    used: precisionName(next.precision),
  });
}

/** Those that a choice may lead to; automatic leads to what it takes. */
function devicesOf(wanted: RuntimeChoice['provider'], { devices, automatic }: SystemDevices): Device[] {
  const provider = wanted === 'auto' ? (automatic[0]?.provider ?? 'cpu') : wanted;
  return devices.filter((device) => device.provider === provider);
}

function isRefused({ provider, index }: Device, precision: Precision, verdicts: readonly Verdict[]): boolean {
  return verdicts.some(
    (verdict) =>
      verdict.provider === provider &&
      verdict.index === index &&
      verdict.precision === precision &&
      verdict.outcome === 'wrong',
  );
}

function autoWords(devices: readonly Device[], verdicts: readonly Verdict[]): string {
  if (devices.every(({ provider }) => provider === 'cpu')) return m.settings_precision_auto_cpu();
  const isMeasured = devices.some(({ provider, index }) =>
    verdicts.some((each) => each.provider === provider && each.index === index && each.outcome === 'right'),
  );
  return isMeasured ? m.settings_precision_auto_detail() : m.settings_precision_auto_untried();
}

function words(precision: Precision, isWrong: boolean): Pick<PrecisionChoice, 'detail' | 'source'> {
  if (isWrong) return { detail: m.settings_precision_wrong() };
  switch (precision) {
    case 'f32':
      return { detail: m.settings_precision_f32() };
    case 'f16':
      return { detail: m.settings_precision_f16() };
    case 'int8':
      // docs/BENCHMARKS.md and docs/tried/int8.md.
      return { detail: m.settings_precision_int8(), source: m.settings_precision_int8_source() };
  }
}

function absent(precision: Precision, provider: string): PrecisionChoice {
  return {
    value: precision,
    label: precisionName(precision),
    detail: m.settings_precision_absent({ device: providerName(provider) }),
    disabled: true,
  };
}
