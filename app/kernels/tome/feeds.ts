import type { GraphTarget } from '../graph/target.ts';
import { filling, mergeInputName, mergeInputNames, type MergeInputName } from './inputs.ts';
import type { LevelPlan, MergePlan } from './plan.ts';
import { dealingFor, dealOut, type Search } from './dealing.ts';
import type { MergeMode, MergeStructure } from './structure.ts';

export interface FeedTensor {
  readonly data: Float32Array | BigInt64Array | Int32Array | Uint8Array;
  readonly shape: readonly number[];
}
export type Feeds = Record<string, FeedTensor>;

type Unread = Partial<Record<MergeInputName, true>>;
/** Means need no row of zeros, pruning no counts: a graph declares only the inputs that its mode reads. */
const unreadByMode: Record<MergeMode, Unread> = {
  merge: { prunedRows: true },
  prune: { mergedRows: true, dstBase: true, dstOnes: true, srcOnes: true },
  downsample: Object.fromEntries(
    mergeInputNames.filter((name) => name !== 'active' && name !== 'dst').map((name) => [name, true]),
  ),
};
const unreadByForm: Record<'whole' | 'windowed', Unread> = {
  whole: { windowCandidates: true, windowDestinations: true },
  windowed: { candidates: true },
};

/** What depends on r comes from the host, or is computed. */
const unreadByCount: Record<'ratio' | 'threshold', Unread> = {
  ratio: { threshold: true, samples: true, sampleCount: true },
  threshold: { keptCount: true, mergedRows: true },
};

/** How a graph merges, as far as its inputs depend on it. */
export interface FeedForm
  extends Pick<MergeStructure, 'mode' | 'windowed'>, Partial<Pick<MergeStructure, 'thresholded'>> {
  /** What it was built for; absent: the host. */
  readonly operators?: GraphTarget['operators'];
}

/** The tensors of tome/inputs.ts for one step. */
export function mergeFeeds(plan: MergePlan, form: FeedForm): Feeds {
  const feeds: Feeds = {};
  for (const level of plan.levels) {
    const tensors = level.merged > 0 ? activeTensors(level, plan, form) : inactiveTensors(plan.batch);
    collect(feeds, level.level, form, tensors);
  }
  return feeds;
}

/** The same for levels that do not merge at all in this run. */
export function inactiveFeeds(levels: Iterable<number>, batch: number, form: FeedForm): Feeds {
  const feeds: Feeds = {};
  for (const level of levels) collect(feeds, level, form, inactiveTensors(batch));
  return feeds;
}

function collect(
  feeds: Feeds,
  level: number,
  { mode, windowed, thresholded }: FeedForm,
  tensors: Partial<Record<MergeInputName, FeedTensor>>,
): void {
  const unread = {
    ...unreadByMode[mode],
    ...unreadByForm[windowed ? 'windowed' : 'whole'],
    ...unreadByCount[thresholded === true ? 'threshold' : 'ratio'],
  };
  for (const input of mergeInputNames) {
    const tensor = tensors[input];
    if (tensor !== undefined && unread[input] !== true) feeds[mergeInputName(level, input)] = tensor;
  }
}

const ints = (shape: readonly number[], fill: (b: number, i: number) => number): FeedTensor => {
  const [rows = 1, columns = 1] = shape;
  const data = new Int32Array(rows * columns);
  for (let b = 0, at = 0; b < rows; b++) for (let i = 0; i < columns; i++) data[at++] = fill(b, i);
  return { data, shape };
};
const long = (value: number): FeedTensor => ({ data: BigInt64Array.of(BigInt(value)), shape: [1] });
const ones = (count: number): FeedTensor => ({ data: new Float32Array(count).fill(1), shape: [count, 1] });
const flag = (on: boolean): FeedTensor => ({ data: Uint8Array.of(on ? 1 : 0), shape: [] });

function activeTensors(
  level: LevelPlan,
  plan: MergePlan,
  form: FeedForm,
): Partial<Record<MergeInputName, FeedTensor>> {
  return form.mode === 'downsample'
    ? { active: flag(true), dst: dstRows(level, plan.batch) }
    : levelTensors(level, plan, form);
}

function dstRows({ partitions, gridH, gridW }: LevelPlan, batch: number): FeedTensor {
  const count = partitions[0]?.dst.length ?? 0;
  return ints([batch, count], (b, i) => b * gridH * gridW + (partitions[b]?.dst[i] ?? 0));
}

function levelTensors(
  level: LevelPlan,
  { batch, matches }: MergePlan,
  { mode, operators = 'host' }: FeedForm,
): Record<MergeInputName, FeedTensor> {
  const { partitions, merged: r } = level;
  const n = level.gridH * level.gridW;
  const d = partitions[0]?.dst.length ?? 0;
  const s = n - d;
  const m = n - r;
  const search = dealOut(level, dealingFor(operators));
  const { q } = search;
  return {
    active: flag(true),
    matches: flag(matches),
    ...searchTensors(search, batch, n),
    dst: dstRows(level, batch),
    srcCount: long(s),
    mergedCount: long(r),
    keptCount: long(s - r),
    threshold: { data: Float32Array.of(level.threshold ?? 1), shape: [1] },
    samples: ints([batch, 1], (b) => b),
    sampleCount: long(batch),
    mergedRows: long(batch * r),
    base: ints([batch, 1], (b) => b * m + (mode === 'prune' ? 1 : 0)),
    dstBase: ints([batch, 1], (b) => b * d),
    dstPlaces: ints([1, d], (_, i) => i),
    keptPlaces: ints([1, q], (_, i) => d + i),
    place: places(level, search, batch),
    dstOnes: ones(batch * d),
    srcOnes: ones(batch * q),
    prunedRows: ints([batch, q], () => 0),
  };
}

function searchTensors(search: Search, batch: number, n: number) {
  const { q, parts, windows, width, candidateWidth } = search;
  const groups = batch * windows;
  const sourceAt = (b: number, i: number) => search.samples[b]?.sources[i] ?? 0;
  // A grid of one window has one list of candidates, which all of its parts are compared with.
  const ofList = (list: Int32Array | undefined, i: number) => list?.[i % list.length] ?? 0;
  const candidateAt = (b: number, i: number) => ofList(search.samples[b]?.candidates, i);
  const window = (part: number, group: number) => part * windows + (group % windows);
  const sample = (group: number) => Math.floor(group / windows);
  const deal = (size: number, fill: (b: number, i: number) => number): FeedTensor => ({
    ...ints([parts * groups, size], (row, i) => {
      const group = row % groups;
      return fill(sample(group), window(Math.floor(row / groups), group) * size + i);
    }),
    shape: [parts, groups, size],
  });
  return {
    src: ints([batch, q], (b, i) => b * n + sourceAt(b, i)),
    searched: deal(width, (b, i) => b * n + sourceAt(b, i)),
    candidates: ints([batch, candidateWidth], (b, i) => b * n + candidateAt(b, i)),
    windowCandidates: deal(candidateWidth, (b, i) => b * n + candidateAt(b, i)),
    windowDestinations: deal(candidateWidth, (b, i) => ofList(search.samples[b]?.numbers, i)),
    bias: {
      data: Float32Array.from(
        { length: batch * q },
        (_, i) => search.samples[Math.floor(i / q)]?.bias[i % q] ?? filling,
      ),
      shape: [batch, q],
    },
  };
}

function places({ partitions, gridH, gridW }: LevelPlan, { samples, q }: Search, batch: number): FeedTensor {
  const n = gridH * gridW;
  const data = new Int32Array(batch * n);
  for (let b = 0; b < batch; b++) {
    const { sources, bias } = samples[b] ?? { sources: [], bias: [] };
    for (let i = 0; i < q; i++) if (bias[i] !== filling) data[b * n + (sources[i] ?? 0)] = b * q + i;
    const { dst } = partitions[b] ?? { dst: [] };
    for (let i = 0; i < dst.length; i++) data[b * n + (dst[i] ?? 0)] = batch * q + b * dst.length + i;
  }
  return { data, shape: [batch, n] };
}

/** Tensors of the right type and rank that no running node reads. */
function inactiveTensors(batch: number): Record<MergeInputName, FeedTensor> {
  const column = ints([batch, 1], () => 0);
  const cube = { ...column, shape: [1, batch, 1] };
  const one = long(0);
  return {
    active: flag(false),
    matches: flag(false),
    ...{ src: column, dst: column, searched: cube, candidates: column },
    ...{ windowCandidates: cube, windowDestinations: cube },
    bias: { data: new Float32Array(batch), shape: [batch, 1] },
    threshold: { data: new Float32Array(1), shape: [1] },
    ...{ samples: column, sampleCount: one },
    ...{ srcCount: one, mergedCount: one, keptCount: one, mergedRows: one },
    ...{ base: column, dstBase: column, place: column, prunedRows: column },
    dstPlaces: ints([1, 1], () => 0),
    keptPlaces: ints([1, 1], () => 0),
    dstOnes: ones(batch),
    srcOnes: ones(batch),
  };
}
