import type { Candidate, DeviceProblem, Precision, Provider } from '#contract/runtime.ts';
import type en from './en.json';

export type NoticeKey = Exclude<keyof typeof en, '$schema'>;
export type Holes = Readonly<Record<string, string>>;

/** What differs from language to language, and between a window and a terminal. */
export interface Speaker {
  readonly text: (key: NoticeKey, holes?: Holes) => string;
  readonly bytes: (bytes: number) => string;
  readonly percent: (share: number) => string;
  readonly list: (items: readonly string[]) => string;
  readonly provider: (provider: Provider) => string;
  readonly precision: (precision: Precision) => string;
  /** With its device. */
  readonly place: (place: Candidate) => string;
  /** A whole sentence; `reason` is what was found, in English. */
  readonly problem: (problem: DeviceProblem, reason: string) => string;
}
