import type { Value } from '../graph/builder.ts';
import type { MergeInputs } from './inputs.ts';

/** All that depends on r, the number merged. Everything else of a match serves any r. */
export interface MergeCounts {
  /** int64 [1]: r, S − r and B·r. */
  readonly merged: Value;
  readonly kept: Value;
  readonly mergedRows: Value;
  /** int32 [B, 1]: the first merged row of each sample. */
  readonly base: Value;
}

/** r as the host has it from the ratio. A graph declares only what it reads, so each is an input when it is first asked for. */
export function countsOfRatio(inputs: MergeInputs): MergeCounts {
  return {
    get merged() {
      return inputs('mergedCount');
    },
    get kept() {
      return inputs('keptCount');
    },
    get mergedRows() {
      return inputs('mergedRows');
    },
    get base() {
      return inputs('base');
    },
  };
}
