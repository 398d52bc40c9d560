import type { Device, RuntimeChoice, Verdict } from '#contract/runtime.ts';
import type { SystemDevices } from '#contract/studio/system.ts';
import { placeName, precisionName, providerName } from '../../lib/place.ts';
import { m } from '../../paraglide/messages.js';

/** The devices in words. */

/** What this system cannot have at all is named in one line below, not here. */
export function devicesShown(devices: readonly Device[]): readonly Device[] {
  return devices.filter(({ problem }) => problem?.code !== 'not-here');
}

/** What the driver calls it, and who told of it. */
export function originWords({ name, rawName, source }: Device): string | undefined {
  const origin = [rawName === name ? null : rawName, source].filter((each) => each !== null);
  return origin.length === 0 ? undefined : origin.join('\n');
}

/** One line for each precision that was tried; the reason of a refusal as its title. */
export function verdictWords(
  { provider, index, problem }: Device,
  verdicts: readonly Verdict[],
): { text: string; title: string | undefined }[] {
  const own = verdicts.filter((verdict) => verdict.provider === provider && verdict.index === index);
  if (own.length === 0 && problem === null && provider !== 'cpu')
    return [{ text: m.settings_devices_untried(), title: undefined }];
  return own.map(({ precision: short, outcome, passMs, reason }) => {
    const precision = precisionName(short);
    const title = reason ?? undefined;
    if (outcome === 'right')
      return { text: m.settings_devices_right({ precision, ms: Math.round(passMs ?? 0) }), title };
    const text =
      outcome === 'wrong'
        ? m.settings_devices_wrong({ precision })
        : m.settings_devices_failed({ precision });
    return { text, title };
  });
}

type ProviderChoice = RuntimeChoice['provider'];

/** Automatic, and each provider that can be asked to work. */
export function choicesOf({ devices, automatic }: SystemDevices) {
  const usable = devices.filter(({ problem }) => problem === null || problem.code === 'software');
  const providers = [...new Set(usable.map(({ provider }) => provider))];
  const [best] = automatic;
  const auto: { value: ProviderChoice; label: string; detail?: string } = {
    value: 'auto',
    label: m.settings_devices_auto(),
    ...(best === undefined ? {} : { detail: `${placeName(best)} · ${best.device}` }),
  };
  return [auto, ...providers.map((value) => ({ value, label: providerName(value) }))];
}
