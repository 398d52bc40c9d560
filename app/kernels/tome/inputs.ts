import type { GraphBuilder, Value } from '../graph/builder.ts';
import { levelName } from '../nn/level.ts';
import type { Dim, ElementType } from '../onnx/proto.ts';

/**
 * What the host gives each level's merging at run time, so that ratio and partition change without a rebuild.
 *
 * Capital letters, in all of tome/: B samples; N tokens of a sample, S of them sources and D destinations
 * (S + D = N); r of the sources are merged away and M = N − r tokens remain. A "row" numbers a token of the
 * whole batch: b·N + n before merging, b·M + m after, kept sources first, then the destinations.
 */
const specs = {
  /** False: the block runs without any merging work. */
  active: ['bool', []],
  /** Rows of the sources and of the destinations. */
  src: ['i64', ['batch', 'S']],
  dst: ['i64', ['batch', 'D']],
  /** `dst` filled up to a multiple of `compareWidth` with its last row: what sources are compared with. */
  candidates: ['i64', ['batch', 'P']],
  /** `src` dealt out to equal parts, the last filled up with its last row: they are searched one after another. */
  searched: ['i64', ['parts', 'batch', 'q']],
  /** S, and r. */
  srcCount: ['i64', [1]],
  mergedCount: ['i64', [1]],
  /** b·D: makes a destination's number a row among all destinations. */
  dstBase: ['i64', ['batch', 1]],
  /** b·M + S − r: the merged row of a sample's first destination. */
  firstDstRow: ['i64', ['batch', 1]],
  /** Merged rows of the kept sources and of the destinations. */
  keptRows: ['i64', ['batch', 'kept']],
  dstRows: ['i64', ['batch', 'D']],
  /** Where a token stands among all sources, then all destinations: b·S + source number, or B·S + b·D + destination number. */
  place: ['i64', ['batch', 'N']],
  /** Ones that count the members of a group. */
  dstOnes: ['f32', ['BD', 1]],
  mergedOnes: ['f32', ['Br', 1]],
  /** B·M: the row of zeros that stands for every pruned token. */
  prunedRows: ['i64', ['batch', 'r']],
} as const satisfies Record<string, readonly [ElementType, readonly Dim[]]>;

/** The most similarities that a part of the search holds for the whole batch: 8 MB, which a shared cache still keeps. */
export const searchPairs = 2 ** 21;

/** Similarities are searched in cuts of this many: the largest of each cut first (see match.ts). */
export const compareWidth = 32;

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

/** The name of a size that only the run knows: N, S, D, r, kept, M, or BD, Br, BM for the whole batch. */
export function sizeName(
  level: number,
  size: 'N' | 'S' | 'D' | 'P' | 'r' | 'kept' | 'M' | 'BD' | 'Br' | 'BM' | (string & {}),
): string {
  return `${levelName(level)}_${size}`;
}
