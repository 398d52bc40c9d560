import type { DeviceProblem } from '#contract/runtime.ts';
import { m } from '../paraglide/messages.js';

const words: Readonly<Record<DeviceProblem, () => string>> = {
  'not-here': () => m.settings_devices_not_here(),
  'no-device': () => m.settings_devices_no_device(),
  hidden: () => m.settings_devices_hidden(),
  driver: () => m.settings_devices_driver(),
  'extra-missing': () => m.settings_devices_extra_missing(),
  software: () => m.settings_devices_software(),
};

/** Why a device is not used, or not by itself; no whole sentence. */
export function problemWords(code: DeviceProblem): string {
  return words[code]();
}
