import type { Study, StudyKey } from './results.ts';

/** A study that is known before it is run: what is stored already, or would take too long, is not run. */
export interface Planned {
  readonly key: StudyKey;
  readonly title: string;
  /** One run of it grows with the size; the limit of a pass applies. */
  readonly isSized: boolean;
  /** The figures it will have, by their names (results.ts, figureName). */
  readonly wanted: readonly string[];
  run(): Promise<Study>;
}
