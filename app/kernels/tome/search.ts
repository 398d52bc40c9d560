import type { GraphBuilder, Value } from '../graph/builder.ts';
import { forEachPart } from '../graph/ops/control.ts';
import { argMaxLast, gather, gatherBatched, gatherElements, reduceMaxLast } from '../graph/ops/index.ts';
import { add, matMulTransposed, mul } from '../graph/ops/math.ts';
import { narrow, pickNumbers } from '../graph/ops/numbers.ts';
import { reshape, transpose } from '../graph/ops/shape.ts';
import { partsInput } from '../nn/run-shapes.ts';
import { compareWidth, sizeName, type MergeInputs } from './inputs.ts';

/** What every source is most like: both [B, Q]. */
export interface Nearest {
  /** int32: the number of the destination. */
  readonly destination: Value;
  /** float32: the cosine. */
  readonly likeness: Value;
}

/**
 * Compares every source with the destinations of its sample, or of its window. `normal` [B·N, C]: rows of length 1.
 * Part after part: all similarities at once take 0.4 GB at 128×128 tokens and 6 GB at 256×256.
 */
export function findNearest(
  g: GraphBuilder,
  normal: Value,
  level: number,
  inputs: MergeInputs,
  windowed: boolean,
): Nearest {
  const sources = gather(g, normal, inputs('searched'));
  const found = windowed
    ? search(
        g,
        level,
        [sources, inputs('windowCandidates'), inputs('windowDestinations')],
        (part, rows, numbers) => {
          const own = nearestOfPart(g, matMulTransposed(g, part, gather(g, normal, rows)), level);
          return { ...own, nearest: pickNumbers(g, numbers, own.nearest, 1) };
        },
      )
    : searchAll(g, sources, gather(g, normal, inputs('candidates')), level, inputs);
  // [parts, groups, q] → [B, Q]: a sample's parts, and its windows within them, one after another.
  const join = (x: Value) => {
    const bySample = transpose(
      g,
      reshape(g, x, g.input(partsInput, 'i64', [3]), ['parts', 'batch', 'q']),
      [1, 0, 2],
    );
    return reshape(g, bySample, [0, -1], ['batch', sizeName(level, 'Q')]);
  };
  return { destination: join(found.nearest), likeness: join(found.likeness) };
}

interface Found {
  /** [.., q]. */
  readonly nearest: Value;
  readonly likeness: Value;
}

function searchAll(
  g: GraphBuilder,
  sources: Value,
  candidates: Value,
  level: number,
  inputs: MergeInputs,
): Found {
  const numbers = () => reshape(g, inputs('dstPlaces'), [-1], [sizeName(level, 'D')]);
  return search(g, level, [sources], (part) => {
    const own = nearestOfPart(g, matMulTransposed(g, part, candidates), level);
    return { ...own, nearest: narrow(g, own.nearest, numbers) };
  });
}

function search(
  g: GraphBuilder,
  level: number,
  parts: readonly [Value, ...Value[]],
  each: (...part: [Value, Value, Value]) => Found,
): Found {
  const shape = ['groups', sizeName(level, 'q')];
  const [nearest, likeness] = forEachPart(
    g,
    parts,
    [
      { type: 'i32', shape },
      { type: 'f32', shape },
    ],
    (...own) => {
      const found = each(...(own as [Value, Value, Value]));
      return [found.nearest, found.likeness];
    },
  );
  if (nearest === undefined || likeness === undefined)
    throw new TypeError('Scan gave fewer outputs than asked.');
  return { nearest, likeness };
}

/**
 * The largest of every row of scores [G, q, P], and its column (int64): both [G, q].
 * ArgMax reads numbers one by one, ReduceMax by vectors: so first the largest of every cut of 32, then the best cut,
 * then the best within it. 1.6× faster than one ArgMax at 64×64 tokens of 32 channels. The first of equals wins, as in
 * one ArgMax; the rows that fill up the last cut repeat an earlier one, so they never win. A device's ArgMax needs no help.
 */
function nearestOfPart(g: GraphBuilder, scores: Value, level: number): Found {
  const size = (name: string) => sizeName(level, name);
  if (g.target.operators === 'device')
    return { nearest: argMaxLast(g, scores, 'goes'), likeness: reduceMaxLast(g, scores) };
  const cuts = reshape(g, scores, [0, 0, -1, compareWidth], ['groups', 'q', size('cuts'), compareWidth]);
  const largest = reduceMaxLast(g, cuts);
  const cut = argMaxLast(g, largest);
  const within = argMaxLast(g, gatherBatched(g, cuts, cut));
  const column = add(
    g,
    mul(g, cut, g.ints([compareWidth], [])),
    reshape(g, within, [0, 0, 1], ['groups', 'q', 1]),
  );
  const flat = (x: Value) => reshape(g, x, [0, 0], ['groups', 'q']);
  return { nearest: flat(column), likeness: flat(gatherElements(g, largest, cut, 2)) };
}
