import type { Partition } from '../tome/partition.ts';
import type { Rows } from './dense.ts';

/** Token merging as slow, plain loops: the oracle of the tests. No cleverness here, so that it can be trusted by reading. */

export interface ReferenceMatch {
  /** Tokens that are merged away, most similar first, and the destination token of each. */
  readonly merged: readonly number[];
  readonly into: readonly number[];
  readonly kept: readonly number[];
  /** What all sources were ranked by, in that order. */
  readonly ranked: readonly number[];
  /**
   * By how much the closest decision was taken: a destination over the next best one, the last merged source over the
   * first kept one. Below the precision of the arithmetic, another implementation may decide otherwise.
   */
  readonly margin: number;
}

const dot = (a: readonly number[], b: readonly number[]) =>
  a.reduce((sum, value, i) => sum + value * (b[i] ?? 0), 0);

/** A token of zeros is like nothing: 0. */
function cosine(a: readonly number[] = [], b: readonly number[] = []): number {
  const lengths = Math.sqrt(dot(a, a) * dot(b, b));
  return lengths === 0 ? 0 : dot(a, b) / lengths;
}

/**
 * arXiv:2303.17604, section 3: every source finds its most similar destination; the r best pairs merge.
 * Of equals, the lowest token.
 * @param mayMerge whether a source may go to a destination at all: with windows, those of its own.
 * @param holds by how much each token's likeness counts less, so that it stays: its importance, weighed.
 */
export function referenceMatch(
  metric: Rows,
  partition: Partition,
  r: number,
  mayMerge: (src: number, dst: number) => boolean = () => true,
  holds: readonly number[] = [],
): ReferenceMatch {
  let margin = Infinity;
  const pairs = [...partition.src].map((src) => {
    let into = -1;
    let best = -Infinity;
    let second = -Infinity;
    for (const dst of partition.dst) {
      if (!mayMerge(src, dst)) continue;
      const likeness = cosine(metric[src], metric[dst]);
      if (likeness > best) [second, best, into] = [best, likeness, dst];
      else second = Math.max(second, likeness);
    }
    return { src, into, best, second, rank: best - (holds[src] ?? 0) };
  });
  // Array.prototype.sort is stable: of equals, the earlier token goes first.
  const ranked = pairs.toSorted((a, b) => b.rank - a.rank);
  const gone = ranked.slice(0, r);
  for (const { best, second } of gone) margin = Math.min(margin, best - second);
  const [last, next] = [ranked[r - 1], ranked[r]];
  if (last !== undefined && next !== undefined) margin = Math.min(margin, last.rank - next.rank);
  return {
    merged: gone.map((p) => p.src),
    into: gone.map((p) => p.into),
    kept: ranked.slice(r).map((p) => p.src),
    ranked: ranked.map((p) => p.rank),
    margin,
  };
}

/** The token that stands for each token: itself, or its destination. */
export function referenceMap(match: ReferenceMatch, tokenCount: number): Int32Array {
  const map = Int32Array.from({ length: tokenCount }, (_, n) => n);
  match.merged.forEach((token, i) => (map[token] = match.into[i] ?? -1));
  return map;
}

/** The same when sources are pruned: −1 for a token that is gone. */
export function referencePruneMap(match: ReferenceMatch, tokenCount: number): Int32Array {
  const map = Int32Array.from({ length: tokenCount }, (_, n) => n);
  for (const token of match.merged) map[token] = -1;
  return map;
}

/** The tokens that remain after merging or pruning, in rising order. */
export function remainingTokens(map: Int32Array): number[] {
  return [...map.keys()].filter((token) => map[token] === token);
}

/** The mean of each group, at the place of its representative; other tokens are left out. */
export function referenceMerge(y: Rows, map: Int32Array): Rows {
  return remainingTokens(map).map((representative) => {
    const members = y.filter((_, token) => map[token] === representative);
    return (members[0] ?? []).map(
      (_, c) => members.reduce((sum, row) => sum + (row[c] ?? 0), 0) / members.length,
    );
  });
}

/** The remaining tokens as they are. */
export function referencePrune(y: Rows, map: Int32Array): Rows {
  return remainingTokens(map).map((token) => y[token] ?? []);
}

/** The tokens of a coarser grid, in its order (ToDo, arXiv:2402.13573). */
export function referenceCoarse(y: Rows, partition: Partition): Rows {
  return [...partition.dst].map((token) => y[token] ?? []);
}

/** Every token takes the row that stands for it; a pruned one takes zeros. */
export function referenceUnmerge(rows: Rows, map: Int32Array): Rows {
  const place = new Map(remainingTokens(map).map((token, row) => [token, row]));
  const channels = rows[0]?.length ?? 0;
  return [...map].map((representative) => {
    const row = place.get(representative);
    return row === undefined ? Array<number>(channels).fill(0) : (rows[row] ?? []);
  });
}
