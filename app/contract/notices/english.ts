import { describePlace, precisionNames, providerNames } from '#contract/runtime.ts';
import en from './en.json' with { type: 'json' };
import type { StoredNotice } from './notice.ts';
import { fill } from './fill.ts';
import type { Speaker } from './speaker.ts';
import { describeNotice } from './words.ts';

/** Notices as the terminal says them. */
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

export function formatGigabytes(bytes: number): string {
  return bytes < 1e9 ? `${Math.round(bytes / 1e6)} MB` : `${(bytes / 1e9).toFixed(1)} GB`;
}
