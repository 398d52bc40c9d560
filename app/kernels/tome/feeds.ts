import { compareWidth, mergeInputName, mergeInputNames, searchPairs, type MergeInputName } from './inputs.ts';
import type { MergeMode } from './patch.ts';
import type { LevelPlan, MergePlan } from './plan.ts';

export interface FeedTensor {
  readonly data: Float32Array | BigInt64Array | Uint8Array;
  readonly shape: readonly number[];
}
export type Feeds = Record<string, FeedTensor>;

/** Means need no row of zeros, pruning no counts: a graph declares only the inputs that its mode reads. */
const unread: Record<MergeMode, readonly MergeInputName[]> = {
  merge: ['prunedRows'],
  prune: ['dstBase', 'firstDstRow', 'dstOnes', 'mergedOnes'],
  downsample: [],
};

/** The tensors of tome/inputs.ts for one step. */
export function mergeFeeds(plan: MergePlan): Feeds {
  const feeds: Feeds = {};
  for (const level of plan.levels) {
    const tensors = level.merged > 0 ? levelTensors(level, plan.batch) : inactiveTensors(plan.batch);
    collect(feeds, level.level, plan.mode, tensors);
  }
  return feeds;
}

/** The same for levels that do not merge at all in this run. */
export function inactiveFeeds(levels: Iterable<number>, batch: number, mode: MergeMode): Feeds {
  const feeds: Feeds = {};
  for (const level of levels) collect(feeds, level, mode, inactiveTensors(batch));
  return feeds;
}

function collect(
  feeds: Feeds,
  level: number,
  mode: MergeMode,
  tensors: Record<MergeInputName, FeedTensor>,
): void {
  for (const input of mergeInputNames) {
    if (!unread[mode].includes(input)) feeds[mergeInputName(level, input)] = tensors[input];
  }
}

/** Row numbers are below 2³¹, so only the low words of the int64 list are written: ten times faster than through BigInt. */
const ints = (shape: readonly number[], fill: (b: number, i: number) => number): FeedTensor => {
  const [rows = 1, columns = 1] = shape;
  const data = new BigInt64Array(rows * columns);
  const words = new Int32Array(data.buffer);
  let word = 0;
  for (let b = 0; b < rows; b++) {
    for (let i = 0; i < columns; i++) {
      words[word] = fill(b, i);
      word += 2;
    }
  }
  return { data, shape };
};
const ones = (count: number): FeedTensor => ({ data: new Float32Array(count).fill(1), shape: [count, 1] });
const flag = (on: boolean): FeedTensor => ({ data: Uint8Array.of(on ? 1 : 0), shape: [] });

function levelTensors(plan: LevelPlan, batch: number): Record<MergeInputName, FeedTensor> {
  const { partitions, merged: r } = plan;
  const n = plan.gridH * plan.gridW;
  const d = partitions[0]?.dst.length ?? 0;
  const s = n - d;
  const m = n - r;
  const padded = Math.ceil(d / compareWidth) * compareWidth;
  const parts = Math.ceil((batch * s * padded) / searchPairs);
  const part = Math.ceil(s / parts);
  const at = (b: number, part: 'src' | 'dst', i: number) => b * n + (partitions[b]?.[part][i] ?? 0);
  const place = partitions.map(({ src, dst }, b) => {
    const row = new Int32Array(n);
    src.forEach((token, i) => (row[token] = b * s + i));
    dst.forEach((token, i) => (row[token] = batch * s + b * d + i));
    return row;
  });
  return {
    active: flag(true),
    src: ints([batch, s], (b, i) => at(b, 'src', i)),
    dst: ints([batch, d], (b, i) => at(b, 'dst', i)),
    candidates: ints([batch, padded], (b, i) => at(b, 'dst', Math.min(i, d - 1))),
    searched: {
      ...ints([parts * batch, part], (row, i) =>
        at(row % batch, 'src', Math.min(Math.floor(row / batch) * part + i, s - 1)),
      ),
      shape: [parts, batch, part],
    },
    srcCount: { data: BigInt64Array.of(BigInt(s)), shape: [1] },
    mergedCount: { data: BigInt64Array.of(BigInt(r)), shape: [1] },
    dstBase: ints([batch, 1], (b) => b * d),
    firstDstRow: ints([batch, 1], (b) => b * m + s - r),
    keptRows: ints([batch, s - r], (b, i) => b * m + i),
    dstRows: ints([batch, d], (b, i) => b * m + s - r + i),
    place: ints([batch, n], (b, i) => place[b]?.[i] ?? 0),
    dstOnes: ones(batch * d),
    mergedOnes: ones(batch * r),
    prunedRows: ints([batch, r], () => batch * m),
  };
}

/** Tensors of the right type and rank that no running node reads. */
function inactiveTensors(batch: number): Record<MergeInputName, FeedTensor> {
  const column = ints([batch, 1], () => 0);
  const one: FeedTensor = { data: BigInt64Array.of(0n), shape: [1] };
  return {
    active: flag(false),
    src: column,
    dst: column,
    candidates: column,
    searched: { ...column, shape: [1, batch, 1] },
    srcCount: one,
    mergedCount: one,
    dstBase: column,
    firstDstRow: column,
    keptRows: column,
    dstRows: column,
    place: column,
    dstOnes: ones(batch),
    mergedOnes: ones(batch),
    prunedRows: column,
  };
}
