import { isSameMachine } from '../machine.ts';
import { figureName, type Figure, type Study, type StudyKey } from '../results.ts';
import { keyText, type StoredStudy } from './store.ts';

/** The kept studies as the report reads them: newest first, and of older ones only what no newer one of the same machine has. */
export interface Shown {
  readonly record: StoredStudy;
  readonly study: Study;
}

export function shownRecords(records: readonly StoredStudy[]): Shown[] {
  const newestFirst = records.toSorted((a, b) => b.at.localeCompare(a.at));
  return newestFirst.flatMap((record, i) => {
    const newer = newestFirst.slice(0, i).filter((other) => isOfSameThing(record, other));
    if (record.study.leftOut !== undefined)
      return newer.length === 0 ? [{ record, study: record.study }] : [];
    const known = new Set(newer.flatMap(({ study }) => study.figures.filter(isGood).map(figureName)));
    const fresh = record.study.figures.filter((figure) => !known.has(figureName(figure)));
    // A figure is only worth something beside what it was taken with: an older study is shown whole or not at all.
    const hasNews = fresh.some(isGood) || (newer.length === 0 && fresh.length > 0);
    return hasNews ? [{ record, study: record.study }] : [];
  });
}

function isOfSameThing(a: StoredStudy, b: StoredStudy): boolean {
  return keyText(a.study.key) === keyText(b.study.key) && isSameMachine(a.machine, b.machine);
}

function isGood({ failure }: Figure): boolean {
  return failure === undefined;
}

/** `1a2b3c4, 25 November 2026 03:31 UTC`. */
export function originOf({ commit, at }: Pick<StoredStudy, 'commit' | 'at'>): string {
  const date = new Date(at);
  const day = date.toLocaleDateString('en-GB', {
    day: 'numeric',
    month: 'long',
    year: 'numeric',
    timeZone: 'UTC',
  });
  return `${commit}, ${day} ${date.toISOString().slice(11, 16)} UTC`;
}

export function matches(key: StudyKey, wanted: Partial<StudyKey>): boolean {
  return (
    (wanted.topic === undefined || key.topic === wanted.topic) &&
    (wanted.model === undefined || key.model === wanted.model) &&
    (wanted.sizePx === undefined || key.sizePx === wanted.sizePx)
  );
}
