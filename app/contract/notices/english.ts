import { invariant } from '#contract/errors.ts';
import { describePlace, precisionNames, providerNames } from '#contract/runtime.ts';
import en from './en.json' with { type: 'json' };
import type { StoredNotice } from './notice.ts';
import type { Holes, Speaker } from './speaker.ts';
import { describeNotice } from './words.ts';

/**
 * Notices as the terminal says them. The window's texts are compiled from the same file, but the main side runs as it is
 * written, from a checkout without any build: it reads the file itself.
 */
export const english: Speaker = {
  text: (key, holes) => fill(en[key], holes),
  bytes: formatGigabytes,
  percent: (share) => `${(100 * share).toFixed(1).replace(/\.0$/, '')} %`,
  list: (items) => items.join(' and '),
  provider: (provider) => providerNames[provider],
  precision: (precision) => precisionNames[precision],
  place: describePlace,
  problem: (_problem, reason) => reason,
};

export function noticeText(notice: StoredNotice): string {
  return typeof notice === 'string' ? notice : describeNotice(notice, english);
}

/** The one thing of the messages' format that these texts use: "{name}". */
export function fill(text: string, holes: Holes = {}): string {
  return text.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = holes[name];
    invariant(value !== undefined, `The text "${text}" was given no ${name}.`);
    return value;
  });
}

export function formatGigabytes(bytes: number): string {
  return bytes < 1e9 ? `${Math.round(bytes / 1e6)} MB` : `${(bytes / 1e9).toFixed(1)} GB`;
}
