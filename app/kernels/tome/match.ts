import type { GraphBuilder, Value } from '../graph/builder.ts';
import { sortDescending } from '../graph/ops/index.ts';
import { add, cast, sub } from '../graph/ops/math.ts';
import { l2Normalize } from '../graph/ops/nn.ts';
import { narrow, pickNumbers, sliceNumbers } from '../graph/ops/numbers.ts';
import { reshape } from '../graph/ops/shape.ts';
import { countsOfRatio, countsOfThreshold, type MergeCounts } from './counts.ts';
import { sizeName, type MergeInputs } from './inputs.ts';
import { findNearest } from './search.ts';
import type { MergeStructure } from './structure.ts';

/** Which sources go, which stay, and where those that go belong. All int32. */
export interface Match {
  /** [B, S]: source numbers, most similar to a destination first; [B, S − r]: the end of it, those that stay. */
  readonly order: Value;
  readonly stays: Value;
  /** [B, r] and [B, S − r]: rows of the sources that go, and of those that stay. */
  readonly merged: Value;
  readonly kept: Value;
  /** [B, r]: the number of each one's destination, 0 … D − 1. */
  readonly destination: Value;
  readonly counts: MergeCounts;
}

/** Picks the r sources most like a destination, and the destination of each.
 *  Source:  Bolya & Hoffman 2023, arXiv:2303.17604, section 3; reference tomesd/merge.py@27a14a3.
 *  Shapes:  metric [B·N, C] f32 → see Match.
 *  Limits:  0 < r ≤ S; the host clips r, and runs no match when r = 0. With a threshold r may come out as 0.
 *  Differs: source and destination numbers arrive as inputs, so a seed reproduces them; equal similarities fall in
 *           TopK's order (lowest number first), where torch's argsort leaves them to chance. With windows a source is
 *           compared with the destinations of its own window only.
 *  Golden:  tests/golden/tome/*, 1e-6 of the largest value. */
export function matchTokens(
  g: GraphBuilder,
  metric: Value,
  level: number,
  inputs: MergeInputs,
  { windowed, thresholded }: Pick<MergeStructure, 'windowed' | 'thresholded'>,
): Match {
  return g.scope('match', () => {
    const size = (name: string) => sizeName(level, name);
    const nearest = findNearest(g, l2Normalize(g, cast(g, metric, 'f32')), level, inputs, windowed);
    const likeness = add(g, nearest.likeness, inputs('bias'));
    const sorted = sortDescending(g, likeness, inputs('srcCount'), size('S'));
    const order = narrow(g, sorted, () => sourceNumbers(g, level, inputs));
    const counts = thresholded ? countsOfThreshold(g, likeness, inputs) : countsOfRatio(inputs);
    const goes = sliceNumbers(g, order, g.ints([0]), counts.merged, 1, size('r'));
    const stays = sliceNumbers(g, order, counts.merged, inputs('srcCount'), 1, size('kept'));
    return {
      ...{ order, stays, counts },
      merged: pickNumbers(g, inputs('src'), goes, 1),
      kept: pickNumbers(g, inputs('src'), stays, 1),
      destination: pickNumbers(g, nearest.destination, goes, 1),
    };
  });
}

/** int32 [Q]: 0 … Q − 1, from where kept sources stand. */
function sourceNumbers(g: GraphBuilder, level: number, inputs: MergeInputs): Value {
  const places = inputs('keptPlaces');
  const first = sliceNumbers(g, places, g.ints([0]), g.ints([1]), 1, 1);
  return reshape(g, sub(g, places, first), [-1], [sizeName(level, 'Q')]);
}
