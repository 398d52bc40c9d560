import type { Difference, Spread } from './statistics.ts';
import type { Side } from './worker.ts';

export interface Peak {
  readonly bytes: number;
  readonly source: string;
}

/** One line of the figures: one side at one ratio. */
export interface Figure {
  readonly side: Side;
  readonly ratio: number;
  readonly times?: Spread;
  readonly peak?: Peak;
  /** To the other side's output, both merging the same tokens. */
  readonly difference?: Difference;
  /** Why something of this line is missing. */
  readonly failure?: string;
}

/** One thing that was measured at several ratios. */
export interface Study {
  readonly title: string;
  readonly figures: readonly Figure[];
  /** Largest relative difference at which the two sides are said to do the same work. */
  readonly sameWorkLimit: number;
  readonly notes: readonly string[];
}

export interface Results {
  readonly date: string;
  readonly machine: Readonly<Record<string, string>>;
  readonly versions: Readonly<Record<string, string>>;
  readonly studies: readonly Study[];
}
