import { unrolledParts } from '../graph/ops/control.ts';
import type { GraphTarget } from '../graph/target.ts';
import { compareWidth, filling, noDestination, searchPairs } from './inputs.ts';
import type { Partition } from './partition.ts';
import type { LevelPlan } from './plan.ts';

/**
 * In which order sources are searched, and what each is compared with. Without windows, sources are dealt out to parts in
 * rising order and all are compared with the same destinations. With windows, a part holds whole windows.
 */
export interface Search {
  /** Parts, one after another; windows that a part holds of each sample (1 without windows). */
  readonly parts: number;
  readonly windows: number;
  /** Sources of a window, and Q = parts · windows · width. */
  readonly width: number;
  readonly q: number;
  /** Destinations of a window, a multiple of the dealing's cut. */
  readonly candidateWidth: number;
  readonly samples: readonly SampleSearch[];
}

interface SampleSearch {
  /** [Q]: tokens, and what is added to the likeness of each. */
  readonly sources: Int32Array;
  readonly bias: Float32Array;
  /** Tokens compared with, and their destination numbers: [candidateWidth], with windows as many for each. */
  readonly candidates: Int32Array;
  readonly numbers: Int32Array;
}

/** The windows of one sample: which sources and which destinations (by number) each holds. */
interface Windows {
  readonly sources: readonly (readonly number[])[];
  readonly destinations: readonly (readonly number[])[];
}

type Grid = Pick<LevelPlan, 'gridH' | 'gridW' | 'window'>;

/** How the graph wants its search: parts that all have nodes of their own are so many, and none of it is filled up. */
export interface Dealing {
  readonly parts?: number;
  /** Candidates come in multiples of this. */
  readonly cut: number;
}

export function dealingFor(operators: GraphTarget['operators']): Dealing {
  return operators === 'host' ? { cut: compareWidth } : { parts: unrolledParts, cut: 1 };
}

export function dealOut(plan: LevelPlan, dealing: Dealing): Search {
  const { partitions, window, bias } = plan;
  // Samples that share a partition share the work.
  const cut = new Map<Partition, Windows>();
  for (const partition of partitions) {
    if (!cut.has(partition))
      cut.set(partition, window > 0 ? intoWindows(plan, partition) : undivided(partition));
  }
  const all = partitions.map((partition) => cut.get(partition) ?? undivided(partition));
  const most = (lists: (windows: Windows) => readonly (readonly number[])[]) =>
    Math.max(1, ...all.flatMap((windows) => lists(windows).map((list) => list.length)));
  const widest = most(({ sources }) => sources);
  const candidateWidth = Math.ceil(most(({ destinations }) => destinations) / dealing.cut) * dealing.cut;
  const windowCount = all[0]?.sources.length ?? 1;
  const pairsOf = (width: number) => partitions.length * width * candidateWidth;
  const whole = windowCount === 1;
  const splits = whole ? (dealing.parts ?? Math.ceil(pairsOf(widest) / searchPairs)) : 1;
  const atOnce = dealing.parts ? Math.ceil(windowCount / dealing.parts) : searchPairs / pairsOf(widest);
  const windows = whole ? 1 : Math.max(1, Math.min(windowCount, Math.floor(atOnce)));
  const parts = whole ? splits : (dealing.parts ?? Math.ceil(windowCount / windows));
  const width = Math.ceil(widest / splits);
  const q = parts * windows * width;
  const made = new Map<Windows, SampleSearch>();
  for (const [i, own] of all.entries()) {
    if (made.has(own)) continue;
    const { dst } = partitions[i] ?? { dst: new Int32Array() };
    made.set(
      own,
      sampleSearch(own, dst, { q, width: whole ? q : width, candidateWidth, count: parts * windows, bias }),
    );
  }
  return {
    ...{ parts, windows, width, q, candidateWidth },
    samples: all.map(
      (own) =>
        made.get(own) ?? sampleSearch(own, new Int32Array(), { q, width, candidateWidth, count: 0, bias }),
    ),
  };
}

interface Dealt {
  readonly q: number;
  readonly width: number;
  readonly candidateWidth: number;
  readonly count: number;
  readonly bias: Float32Array | undefined;
}

function sampleSearch(
  own: Windows,
  dst: Int32Array,
  { q, width, candidateWidth, count, bias: tokenBias }: Dealt,
): SampleSearch {
  const whole = own.sources.length === 1;
  const sources = new Int32Array(q);
  const bias = new Float32Array(q).fill(filling);
  const cells = whole ? 1 : count;
  const candidates = new Int32Array(cells * candidateWidth);
  const numbers = new Int32Array(cells * candidateWidth);
  for (let cell = 0; cell < cells; cell++) {
    const { [cell]: srcs = [] } = own.sources;
    const { [cell]: dsts = [] } = own.destinations;
    const last = srcs.at(-1) ?? own.sources[0]?.[0] ?? 0;
    for (let i = 0; i < width; i++) {
      sources[cell * width + i] = srcs[i] ?? last;
      if (i < srcs.length)
        bias[cell * width + i] = dsts.length === 0 ? noDestination : (tokenBias?.[srcs[i] ?? 0] ?? 0);
    }
    for (let i = 0; i < candidateWidth; i++) {
      const number = dsts[Math.min(i, dsts.length - 1)] ?? 0;
      numbers[cell * candidateWidth + i] = number;
      candidates[cell * candidateWidth + i] = dst[number] ?? 0;
    }
  }
  return { sources, bias, candidates, numbers };
}

function undivided({ src, dst }: Partition): Windows {
  return { sources: [[...src]], destinations: [[...dst.keys()]] };
}

function intoWindows({ gridH, gridW, window }: Grid, { src, dst }: Partition): Windows {
  const across = Math.ceil(gridW / window);
  const count = across * Math.ceil(gridH / window);
  const windowOf = (token: number) =>
    Math.floor(Math.floor(token / gridW) / window) * across + Math.floor((token % gridW) / window);
  const sources = Array.from({ length: count }, (): number[] => []);
  const destinations = Array.from({ length: count }, (): number[] => []);
  for (const token of src) sources[windowOf(token)]?.push(token);
  dst.forEach((token, number) => destinations[windowOf(token)]?.push(number));
  return { sources, destinations };
}

/** Sources that have a destination in their window: no more can be merged. */
export function mergeable(grid: Grid, partition: Partition): number {
  if (partition.dst.length === 0) return 0;
  if (grid.window === 0) return partition.src.length;
  const { sources, destinations } = intoWindows(grid, partition);
  return sources.reduce((sum, list, i) => sum + ((destinations[i]?.length ?? 0) > 0 ? list.length : 0), 0);
}
