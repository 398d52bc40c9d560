import type { StoredNotice } from '#contract/notices/notice.ts';
import type { Holes, Speaker } from '#contract/notices/speaker.ts';
import { describeNotice } from '#contract/notices/words.ts';
import { m } from '../paraglide/messages.js';
import { language } from '../state/language.svelte.ts';
import { problemWords } from './device-problem.ts';
import { formatBytes } from './format.ts';
import { placeName, precisionName, providerName } from './place.ts';

/** What a job had to tell, in the language on screen; a row from before notices had codes tells it in English. */
export function noticeText(notice: StoredNotice): string {
  return typeof notice === 'string' ? notice : describeNotice(notice, speaker);
}

const speaker: Speaker = {
  // Compiled, each text has a type of its own for its holes; that all of them are filled is tested.
  text: (key, holes = {}) => (m[key] as (holes: Holes) => string)(holes),
  bytes: (bytes) => formatBytes(bytes, language.current),
  percent: (share) => share.toLocaleString(language.current, { style: 'percent', maximumFractionDigits: 1 }),
  list: (items) => new Intl.ListFormat(language.current).format(items),
  provider: providerName,
  precision: precisionName,
  place: (place) => `${placeName(place)} (${place.device})`,
  problem: (problem) => `${problemWords(problem)}.`,
};
