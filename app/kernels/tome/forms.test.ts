import { afterAll, describe, expect, it } from 'vitest';
import { loadTomeProbe, type TomeProbe } from '#engine/nets/tome-probe.ts';
import { expectClose, ofLargest } from '#tests/expect-close.ts';
import { randomValues } from '#tests/random-values.ts';
import { fromRows, toRows, type Rows } from '../reference/dense.ts';
import {
  referenceMap,
  referenceMatch,
  referenceMerge,
  referencePrune,
  referencePruneMap,
  referenceUnmerge,
} from '../reference/tome.ts';
import { choosePartition, type Partition, type PartitionKind } from './partition.ts';
import type { MergeMode } from './structure.ts';
import { createRandom } from './random.ts';

/** Every form of merging, run by the runtime, against app/kernels/reference. */

type Mode = Exclude<MergeMode, 'downsample'>;

const C = 6;
const Cy = 5;
/** Decisions closer than this are left to rounding, so such metrics are not drawn. */
const SAFE_MARGIN = 1e-5;

const modes: readonly Mode[] = ['merge', 'prune'];
const kinds: readonly PartitionKind[] = ['cells-random', 'cells-fixed', 'columns', 'random'];
const cells = [
  [2, 2],
  [1, 2],
  [2, 1],
  [4, 4],
  [3, 2],
] as const;
/** Divided by every cell, by some, by none; one row, one column, one token; smaller than the largest cell. */
const grids = [
  [4, 12],
  [8, 8],
  [7, 5],
  [6, 4],
  [3, 3],
  [1, 9],
  [8, 1],
  [1, 1],
] as const;

const probes = new Map<Mode, Promise<TomeProbe>>();
function probeOf(mode: Mode): Promise<TomeProbe> {
  const loaded = probes.get(mode) ?? loadTomeProbe({ channels: C, valueChannels: Cy, mode }, { threads: 1 });
  probes.set(mode, loaded);
  return loaded;
}
afterAll(async () => {
  for (const probe of probes.values()) await (await probe).release();
});

interface Form {
  readonly mode: Mode;
  readonly gridH: number;
  readonly gridW: number;
  /** One a sample. */
  readonly partitions: readonly Partition[];
  readonly r: number;
}

const sampleOf = (data: Float32Array, b: number, count: number, channels: number): Rows =>
  toRows(data.subarray(b * count * channels, (b + 1) * count * channels), channels);

/** The oracle's maps, or undefined when a decision is too close to be the same in float32. */
function referenceMaps(
  x: Float32Array,
  { mode, partitions, r, gridH, gridW }: Form,
): Int32Array[] | undefined {
  const tokens = gridH * gridW;
  const matches = partitions.map((partition, b) =>
    referenceMatch(sampleOf(x, b, tokens, C), partition, partition.dst.length === 0 ? 0 : r),
  );
  if (matches.some((match) => match.margin < SAFE_MARGIN)) return undefined;
  return matches.map((match) => (mode === 'merge' ? referenceMap : referencePruneMap)(match, tokens));
}

function decided(form: Form, firstSeed: number): { x: Float32Array; maps: Int32Array[] } {
  for (let seed = firstSeed; seed < firstSeed + 20; seed++) {
    const x = randomValues(seed, form.partitions.length * form.gridH * form.gridW * C);
    const maps = referenceMaps(x, form);
    if (maps !== undefined) return { x, maps };
  }
  throw new Error('Twenty metrics in a row were too close to call.');
}

/** Runs one form and compares everything that comes out. Returns the largest error of the values. */
async function checkForm(form: Form, label: string): Promise<number> {
  const { mode, partitions, gridH, gridW, r } = form;
  const batch = partitions.length;
  const tokens = gridH * gridW;
  const { x, maps } = decided(form, 100 * tokens + r);
  const y = randomValues(7 * tokens + batch, batch * tokens * Cy);
  const probe = await probeOf(mode);
  const result = await probe.run({ x, y, batch, gridH, gridW, partition: partitions, merged: r });
  const fewer = mode === 'merge' ? referenceMerge : referencePrune;
  const merged = maps.map((map, b) => fewer(sampleOf(y, b, tokens, Cy), map));
  const unmerged = maps.map((map, b) => referenceUnmerge(merged[b] ?? [], map));
  const left = merged[0]?.length ?? 0;
  expect(result.mergedCount, `${label}: tokens left`).toBe(left);
  expectClose(
    result.map,
    maps.flatMap((map) => [...map]),
    { atol: 0, rtol: 0 },
    `${label}: map`,
  );
  // The order of the merged tokens is free; what each sample holds is not.
  merged.forEach((rows, b) => {
    const own = result.merged.slice(b * left * Cy, (b + 1) * left * Cy).sort();
    expectClose(own, fromRows(rows).sort(), ofLargest(y, 1e-6), `${label}: merged, sample ${b}`);
  });
  return expectClose(
    { data: result.unmerged, shape: [batch, tokens, Cy] },
    { data: fromRows(unmerged.flat()), shape: [batch, tokens, Cy] },
    ofLargest(y, 1e-6),
    `${label}: unmerged`,
  );
}

function counts(partitions: readonly Partition[]): number[] {
  const most = partitions[0]?.dst.length === 0 ? 0 : (partitions[0]?.src.length ?? 0);
  return [...new Set([0, 1, Math.floor(most / 2), most - 1, most])].filter((r) => r >= 0 && r <= most);
}

describe.each(modes)('%s against the oracle', (mode) => {
  it.each(
    kinds.flatMap((kind) =>
      [1, 2, 4].flatMap((batch) =>
        (batch === 1 ? [true] : [true, false]).map((shared) => ({ kind, batch, shared })),
      ),
    ),
  )('$kind, batch $batch, shared: $shared', async ({ kind, batch, shared }) => {
    let formCount = 0;
    for (const [sx, sy] of cells) {
      for (const [gridH, gridW] of grids) {
        const random = createRandom([batch, sx, sy, gridW]);
        const draw = () => choosePartition(gridH, gridW, { kind, sx, sy }, random);
        const first = draw();
        const partitions = Array.from({ length: batch }, (_, b) => (b === 0 || shared ? first : draw()));
        for (const r of counts(partitions)) {
          await checkForm(
            { mode, gridH, gridW, partitions, r },
            `${kind} ${sx}×${sy} on ${gridH}×${gridW}, r ${r}`,
          );
          formCount++;
        }
      }
    }
    expect(formCount).toBeGreaterThan(80);
  });
});

/** Similarities are searched in cuts of compareWidth: fill one exactly, one and a bit, several. */
describe.each(modes)('%s with many destinations', (mode) => {
  it.each([
    { kind: 'columns', gridH: 8, gridW: 8, sx: 2, sy: 2, dstCount: 32 },
    { kind: 'columns', gridH: 3, gridW: 22, sx: 2, sy: 2, dstCount: 33 },
    { kind: 'columns', gridH: 13, gridW: 11, sx: 2, sy: 2, dstCount: 78 },
    { kind: 'cells-random', gridH: 16, gridW: 16, sx: 2, sy: 2, dstCount: 64 },
    { kind: 'cells-fixed', gridH: 11, gridW: 13, sx: 1, sy: 2, dstCount: 65 },
    { kind: 'random', gridH: 11, gridW: 13, sx: 2, sy: 1, dstCount: 71 },
  ] as const)('$dstCount: $kind on $gridH×$gridW', async ({ kind, gridH, gridW, sx, sy, dstCount }) => {
    const random = createRandom([gridH, gridW, sx, sy]);
    const draw = () => choosePartition(gridH, gridW, { kind, sx, sy }, random);
    const partitions = [draw(), draw()];
    expect(partitions.map(({ dst }) => dst.length)).toEqual([dstCount, dstCount]);
    const sources = gridH * gridW - dstCount;
    for (const r of [Math.floor(sources / 2), sources])
      await checkForm({ mode, gridH, gridW, partitions, r }, `r ${r}`);
  });
});

describe('properties of merging', () => {
  const [gridH, gridW, batch] = [6, 7, 2];
  const tokens = gridH * gridW;
  const partition = choosePartition(
    gridH,
    gridW,
    { kind: 'cells-random', sx: 2, sy: 2 },
    createRandom([1, 2, 3, 4]),
  );
  const x = randomValues(1, batch * tokens * C);
  const input = { x, batch, gridH, gridW, partition, merged: 20 };

  it('leaves representatives fixed: whoever stands for a token stands for itself', async () => {
    const y = randomValues(2, batch * tokens * Cy);
    const { map } = await (await probeOf('merge')).run({ ...input, y });
    for (let b = 0; b < batch; b++) {
      const own = map.subarray(b * tokens, (b + 1) * tokens);
      own.forEach((token) => {
        expect(own[token]).toBe(token);
      });
      for (const token of partition.dst) expect(own[token]).toBe(token);
      expect(own.filter((token, n) => token !== n)).toHaveLength(20);
      for (const token of own.filter((standIn, n) => standIn !== n)) expect(partition.dst).toContain(token);
    }
  });

  it('keeps a constant, and every sample apart from the others', async () => {
    const y = Float32Array.from({ length: batch * tokens * Cy }, (_, i) => (i < tokens * Cy ? 3 : -5));
    const { unmerged, merged, mergedCount } = await (await probeOf('merge')).run({ ...input, y });
    expectClose(unmerged, y, { atol: 0, rtol: 1e-6 });
    expect(mergedCount).toBe(tokens - 20);
    expect(merged).toHaveLength(batch * (tokens - 20) * Cy);
  });

  it('keeps the sum of every group', async () => {
    const y = randomValues(3, batch * tokens * Cy);
    const { unmerged } = await (await probeOf('merge')).run({ ...input, y });
    for (let channel = 0; channel < Cy; channel++) {
      const sum = (values: Float32Array) =>
        toRows(values.subarray(0, tokens * Cy), Cy).reduce((total, row) => total + (row[channel] ?? 0), 0);
      expect(sum(unmerged)).toBeCloseTo(sum(y), 4);
    }
  });

  it('prunes the tokens that merging would merge', async () => {
    const y = randomValues(4, batch * tokens * Cy);
    const merged = await (await probeOf('merge')).run({ ...input, y });
    const pruned = await (await probeOf('prune')).run({ ...input, y });
    expect([...pruned.map].map((token) => token === -1)).toEqual(
      [...merged.map].map((token, i) => token !== i % tokens),
    );
  });

  it('asks no more than the partition has: r is clipped to the sources', async () => {
    const y = randomValues(5, batch * tokens * Cy);
    const { mergedCount } = await (await probeOf('merge')).run({ ...input, y, merged: 1000 });
    expect(mergedCount).toBe(partition.dst.length);
  });

  // One-hot metrics: likeness is exactly 0 or 1, so every decision is a tie and none is rounding.
  it.each([
    [6, 7],
    [14, 16],
  ])('decides ties by the lowest token, as the oracle does: %i×%i', async (h, w) => {
    const metric = new Float32Array(batch * h * w * C);
    for (let row = 0; row < batch * h * w; row++) metric[row * C + (row % 3)] = 2;
    const y = randomValues(6, batch * h * w * Cy);
    const options = { kind: 'cells-random', sx: 2, sy: 2 } as const;
    const split = choosePartition(h, w, options, createRandom([h, w, 0, 0]));
    const probe = await probeOf('merge');
    for (const merged of [1, 7, 20, split.src.length]) {
      const own = { x: metric, y, batch, gridH: h, gridW: w, partition: split, merged };
      const { map } = await probe.run(own);
      const expected = [0, 1].flatMap((b) => [
        ...referenceMap(referenceMatch(sampleOf(metric, b, h * w, C), split, merged), h * w),
      ]);
      expect([...map]).toEqual(expected);
    }
  });

  it('stays finite and merges last what has no direction at all', async () => {
    const metric = randomValues(8, batch * tokens * C).map(Math.abs);
    const dead = partition.src[4] ?? 0;
    metric.fill(0, dead * C, (dead + 1) * C);
    const y = randomValues(9, batch * tokens * Cy);
    const probe = await probeOf('merge');
    const but = await probe.run({ ...input, x: metric, y, merged: partition.src.length - 1 });
    expect(but.map[dead]).toBe(dead);
    const all = await probe.run({ ...input, x: metric, y, merged: partition.src.length });
    expect(all.map[dead]).toBe(partition.dst[0]);
    expect(all.unmerged.every(Number.isFinite)).toBe(true);
  });
});
