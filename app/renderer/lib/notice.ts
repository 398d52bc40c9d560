import en from '#contract/notices/en.json';
import { fill } from '#contract/notices/fill.ts';
import ko from '#contract/notices/ko.json';
import type { StoredNotice } from '#contract/notices/notice.ts';
import type { Speaker } from '#contract/notices/speaker.ts';
import { describeNotice } from '#contract/notices/words.ts';
import { language } from '../state/language.svelte.ts';
import { problemWords } from './device-problem.ts';
import { formatBytes } from './format.ts';
import { placeName, precisionName, providerName } from './place.ts';

/** What a job had to tell, in the language on screen; a row from before notices had codes tells it in English. */
export function noticeText(notice: StoredNotice): string {
  return typeof notice === 'string' ? notice : describeNotice(notice, speaker);
}

const texts = { en, ko };

const speaker: Speaker = {
  text: (key, holes) => fill(texts[language.current][key], holes),
  bytes: (bytes) => formatBytes(bytes, language.current),
  percent: (share) => share.toLocaleString(language.current, { style: 'percent', maximumFractionDigits: 1 }),
  list: (items) => new Intl.ListFormat(language.current).format(items),
  provider: providerName,
  precision: precisionName,
  place: (place) => `${placeName(place)} (${place.device})`,
  problem: (problem) => `${problemWords(problem)}.`,
};
