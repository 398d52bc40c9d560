import type { Partition } from '../tome/partition.ts';

/** Token merging as slow, plain loops: the oracle of the tests. No cleverness here, so that it can be trusted by reading. */

/** Rows of float64 read from a flat [N, C]. */
type Row = readonly number[];

export interface ReferenceMatch {
  /** Tokens that are merged away, most similar first, and the destination token of each. */
  readonly merged: readonly number[];
  readonly into: readonly number[];
  readonly kept: readonly number[];
}

const rowOf = (x: Float32Array, n: number, c: number): Row => [...x.subarray(n * c, (n + 1) * c)];
const dot = (a: Row, b: Row) => a.reduce((sum, value, i) => sum + value * (b[i] ?? 0), 0);
const cosine = (a: Row, b: Row) => dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));

/** arXiv:2303.17604, section 3: every source finds its most similar destination; the r best pairs merge. metric [N, C]. */
export function referenceMatch(
  metric: Float32Array,
  c: number,
  partition: Partition,
  r: number,
): ReferenceMatch {
  const pairs = [...partition.src].map((src) => {
    let into = -1;
    let best = -Infinity;
    for (const dst of partition.dst) {
      const likeness = cosine(rowOf(metric, src, c), rowOf(metric, dst, c));
      if (likeness > best) [best, into] = [likeness, dst];
    }
    return { src, into, best };
  });
  // Array.prototype.sort is stable: of equals, the earlier token goes first.
  const ranked = pairs.toSorted((a, b) => b.best - a.best);
  const gone = ranked.slice(0, r);
  return {
    merged: gone.map((p) => p.src),
    into: gone.map((p) => p.into),
    kept: ranked.slice(r).map((p) => p.src),
  };
}

/** The token that stands for each token: itself, or its destination. */
export function referenceMap(match: ReferenceMatch, tokenCount: number): Int32Array {
  const map = Int32Array.from({ length: tokenCount }, (_, n) => n);
  match.merged.forEach((token, i) => (map[token] = match.into[i] ?? -1));
  return map;
}

/** The mean of each group, at the place of each of its members: unmerge(merge(y)). y [N, C]. */
export function referenceMergedInPlace(y: Float32Array, c: number, map: Int32Array): Float32Array {
  const out = new Float32Array(y.length);
  map.forEach((representative, n) => {
    const members = [...map.keys()].filter((other) => map[other] === representative);
    for (let i = 0; i < c; i++) {
      const sum = members.reduce((total, member) => total + (y[member * c + i] ?? 0), 0);
      out[n * c + i] = sum / members.length;
    }
  });
  return out;
}

/** What pruning leaves in place: the tokens that stay as they are, zeros where one was pruned. */
export function referencePrunedInPlace(y: Float32Array, c: number, pruned: readonly number[]): Float32Array {
  const out = Float32Array.from(y);
  for (const token of pruned) out.fill(0, token * c, (token + 1) * c);
  return out;
}
