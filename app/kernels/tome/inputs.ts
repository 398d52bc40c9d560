import type { GraphBuilder, Value } from '../graph/builder.ts';
import { levelName } from '../nn/level.ts';
import type { Dim, ElementType } from '../onnx/proto.ts';

/**
 * What the host gives each level's merging at run time, so that ratio and partition change without a rebuild.
 *
 * Capital letters, in all of tome/: B samples; N tokens of a sample, S of them sources and D destinations
 * (S + D = N); r of the sources are merged away and M = N − r tokens remain. A "row" numbers a token of the
 * whole batch: b·N + n before merging, b·M + m after, destinations first, then the kept sources. Sources are numbered
 * in the order they are searched in, 0 … Q − 1, where Q ≥ S because parts of the search are filled up.
 */
const specs = {
  /** False: the block runs without any merging work. */
  active: ['bool', []],
  /** True: tokens are matched in this run; false: an earlier run's match is given, or nothing merges. */
  matches: ['bool', []],
  /** Rows of the sources by number, and of the destinations in rising order. */
  src: ['i32', ['batch', 'Q']],
  dst: ['i32', ['batch', 'D']],
  /** The rows of `src` dealt out to parts that are searched one after another; `groups` = samples, times windows a part. */
  searched: ['i32', ['parts', 'groups', 'q']],
  /** The rows that every part is compared with, filled up to a multiple of `compareWidth` with the last one. */
  candidates: ['i32', ['batch', 'P']],
  /** With windows, the same for each part, and the destination number of each. */
  windowCandidates: ['i32', ['parts', 'groups', 'P']],
  windowDestinations: ['i32', ['parts', 'groups', 'P']],
  /** Added to a source's likeness: 0, or what keeps it from going (see noDestination, filling). */
  bias: ['f32', ['batch', 'Q']],
  srcCount: ['i64', [1]],
  /** What depends on r and nothing else does (see counts.ts): r, S − r, B·r. */
  mergedCount: ['i64', [1]],
  keptCount: ['i64', [1]],
  mergedRows: ['i64', [1]],
  /** With a threshold r is known in the graph alone: its likeness, the number of each sample, and B. */
  threshold: ['f32', [1]],
  samples: ['i32', ['batch', 1]],
  sampleCount: ['i64', [1]],
  /** b·M, the first merged row of a sample; one more when pruning, where row 0 is zeros and stands for all that is gone. */
  base: ['i32', ['batch', 1]],
  /** b·D: makes a destination's number a row among all destinations. */
  dstBase: ['i32', ['batch', 1]],
  /** 0 … D − 1, and D … D + Q − 1: where destinations and kept sources stand among a sample's merged rows. */
  dstPlaces: ['i32', [1, 'D']],
  keptPlaces: ['i32', [1, 'Q']],
  /** Where a token stands among all sources, then all destinations: b·Q + source number, or B·Q + b·D + destination number. */
  place: ['i32', ['batch', 'N']],
  /** Ones that count the members of a group. */
  dstOnes: ['f32', ['BD', 1]],
  srcOnes: ['f32', ['BQ', 1]],
  /** Row 0 for every source, until those that stay have theirs. */
  prunedRows: ['i32', ['batch', 'Q']],
} as const satisfies Record<string, readonly [ElementType, readonly Dim[]]>;

/** The most similarities that a part of the search holds for the whole batch: 8 MB, which a shared cache still keeps. */
export const searchPairs = 2 ** 21;

/** Similarities are searched in cuts of this many: the largest of each cut first (see search.ts). */
export const compareWidth = 32;

/** Bias of a source whose window holds no destination, and of what fills up a part: below every cosine, in this order. */
export const noDestination = -8;
export const filling = -16;

export type MergeInputName = keyof typeof specs;
export const mergeInputNames = Object.keys(specs) as MergeInputName[];

export function mergeInputName(level: number, input: MergeInputName): string {
  return `${levelName(level)}/tome/${input}`;
}

/** Reads an input of a level's merging; the graph declares what is read and nothing else. */
export type MergeInputs = (input: MergeInputName) => Value;

export function mergeInputs(g: GraphBuilder, level: number): MergeInputs {
  return (input) => {
    const [type, shape] = specs[input];
    const named = shape.map((dim: Dim) =>
      typeof dim === 'string' && dim !== 'batch' ? sizeName(level, dim) : dim,
    );
    return g.input(mergeInputName(level, input), type, named);
  };
}

/** The name of a size that only the run knows: N, S, D, Q, r, kept, M, or BD, Br, BM for the whole batch. */
export function sizeName(
  level: number,
  size: 'N' | 'S' | 'D' | 'P' | 'Q' | 'r' | 'kept' | 'M' | 'BD' | 'Br' | 'BM' | (string & {}),
): string {
  return `${levelName(level)}_${size}`;
}
