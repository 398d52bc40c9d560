import type { GraphBuilder, Value } from '../graph/builder.ts';
import { argMaxLast, gather, gatherElements, sortDescending } from '../graph/ops/index.ts';
import { matMulTransposed } from '../graph/ops/math.ts';
import { l2Normalize } from '../graph/ops/nn.ts';
import { reshape, slice } from '../graph/ops/shape.ts';
import { sizeName, type MergeInputs } from './inputs.ts';

/** Which sources go, which stay, and where those that go belong. */
export interface Match {
  /** int64 [B, S]: source numbers, most similar to a destination first. */
  readonly order: Value;
  /** int64 [B, S − r]: rows of the sources that stay. */
  readonly kept: Value;
  /** int64 [B, r]: rows of the sources that go. */
  readonly merged: Value;
  /** int64 [B, r]: the number of each one's destination, 0 … D − 1. */
  readonly destination: Value;
}

/** Picks the r sources most like a destination, and the destination of each.
 *  Source:  Bolya & Hoffman 2023, arXiv:2303.17604, section 3; reference tomesd/merge.py@27a14a3.
 *  Shapes:  metric [B·N, C] f32 → see Match.
 *  Limits:  0 < r ≤ S; the host clips r, and runs no match when r = 0.
 *  Differs: source and destination numbers arrive as inputs, so a seed reproduces them; equal similarities fall in
 *           TopK's order (lowest number first), where torch's argsort leaves them to chance.
 *  Golden:  tests/golden/tome/*, 1e-6 of the largest value. */
export function matchTokens(g: GraphBuilder, metric: Value, level: number, inputs: MergeInputs): Match {
  return g.scope('match', () => {
    const size = (name: string) => sizeName(level, name);
    const normal = l2Normalize(g, metric);
    const scores = matMulTransposed(g, gather(g, normal, inputs('src')), gather(g, normal, inputs('dst')));
    const nearest = argMaxLast(g, scores);
    const likeness = gatherElements(g, scores, nearest, 2);
    const flat = (x: Value) => reshape(g, x, [0, -1], ['batch', size('S')]);
    const order = sortDescending(g, flat(likeness), inputs('srcCount'), size('S'));
    const first = g.ints([0]);
    const goes = slice(g, order, first, inputs('mergedCount'), 1, size('r'));
    const stays = slice(g, order, inputs('mergedCount'), inputs('srcCount'), 1, size('kept'));
    return {
      order,
      kept: gatherElements(g, inputs('src'), stays, 1),
      merged: gatherElements(g, inputs('src'), goes, 1),
      destination: gatherElements(g, flat(nearest), goes, 1),
    };
  });
}
