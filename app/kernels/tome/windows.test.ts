import { afterAll, describe, expect, it } from 'vitest';
import { loadTomeProbe, type TomeProbe } from '#engine/nets/tome-probe.ts';
import { expectClose, ofLargest } from '#tests/expect-close.ts';
import { randomValues } from '#tests/random-values.ts';
import { fromRows, toRows, type Rows } from '../reference/dense.ts';
import { referenceMap, referenceMatch, referenceMerge, referenceUnmerge } from '../reference/tome.ts';
import { dealingFor, dealOut, mergeable } from './dealing.ts';
import { choosePartition } from './partition.ts';
import { createRandom } from './random.ts';

/** Matching within windows, run by the runtime, against the oracle that knows which pairs are allowed. */

const C = 6;
const Cy = 5;
const probes = new Map<number, Promise<TomeProbe>>();
function probeOf(window: number): Promise<TomeProbe> {
  const options = { channels: C, valueChannels: Cy, mode: 'merge', window } as const;
  const probe = probes.get(window) ?? loadTomeProbe(options, { threads: 1 });
  probes.set(window, probe);
  return probe;
}
afterAll(async () => {
  for (const probe of probes.values()) await (await probe).release();
});

/** A metric whose closest decision is far above rounding. */
function decidedMetric(count: number, decide: (x: Float32Array) => { margin: number }[]): Float32Array {
  for (let seed = 1; seed <= 20; seed++) {
    const x = randomValues(seed, count);
    if (decide(x).every(({ margin }) => margin > 1e-5)) return x;
  }
  throw new Error('Twenty metrics in a row were too close to call.');
}

describe('matching within windows', () => {
  it.each([
    { kind: 'cells-random', gridH: 8, gridW: 8, sx: 2, sy: 2, window: 4 },
    { kind: 'cells-random', gridH: 13, gridW: 11, sx: 2, sy: 2, window: 4 },
    { kind: 'cells-fixed', gridH: 12, gridW: 20, sx: 4, sy: 4, window: 6 },
    // Windows smaller than the cells: some hold no destination, and their sources stay.
    { kind: 'cells-random', gridH: 12, gridW: 12, sx: 4, sy: 4, window: 2 },
    { kind: 'random', gridH: 9, gridW: 16, sx: 2, sy: 2, window: 3 },
    { kind: 'columns', gridH: 7, gridW: 5, sx: 2, sy: 2, window: 64 },
  ] as const)('$kind, $sx×$sy cells on $gridH×$gridW, windows of $window', async (form) => {
    const { kind, gridH, gridW, sx, sy, window } = form;
    const random = createRandom([gridH, gridW, window, 0]);
    const partitions = [0, 1].map(() => choosePartition(gridH, gridW, { kind, sx, sy }, random));
    const tokens = gridH * gridW;
    const windowOf = (token: number) =>
      [Math.floor(token / gridW / window), Math.floor((token % gridW) / window)].join();
    const within = (src: number, dst: number) => windowOf(src) === windowOf(dst);
    const most = Math.min(...partitions.map((one) => mergeable({ gridH, gridW, window }, one)));
    const rowsOf = (data: Float32Array, b: number, c: number): Rows =>
      toRows(data.subarray(b * tokens * c, (b + 1) * tokens * c), c);
    const y = randomValues(99, 2 * tokens * Cy);
    expect(most).toBeGreaterThan(4);
    for (const merged of [1, Math.floor(most / 2), most]) {
      const decide = (x: Float32Array) =>
        partitions.map((one, b) => referenceMatch(rowsOf(x, b, C), one, merged, within));
      const x = decidedMetric(2 * tokens * C, decide);
      const maps = decide(x).map((match) => referenceMap(match, tokens));
      const probe = await probeOf(window);
      const result = await probe.run({ x, y, batch: 2, gridH, gridW, partition: partitions, merged });
      expect([...result.map], `r ${merged}`).toEqual(maps.flatMap((map) => [...map]));
      const unmerged = maps.flatMap((map, b) => referenceUnmerge(referenceMerge(rowsOf(y, b, Cy), map), map));
      expectClose(result.unmerged, fromRows(unmerged), ofLargest(y, 1e-6), `r ${merged}: unmerged`);
    }
  });

  it('compares every part of a grid of one window with the same destinations', async () => {
    const [gridH, gridW] = [64, 64];
    const partition = choosePartition(
      gridH,
      gridW,
      { kind: 'cells-random', sx: 2, sy: 2 },
      createRandom([6, 4, 0, 0]),
    );
    const [x, y] = [randomValues(1, 4096 * C), randomValues(2, 4096 * Cy)];
    const input = { x, y, batch: 1, gridH, gridW, partition, merged: 2048 };
    expect(
      dealOut({ ...input, level: 0, window: 64, partitions: [partition] }, dealingFor('host')).parts,
    ).toBe(2);
    const { map } = await (await probeOf(64)).run(input);
    expect(map).toEqual((await (await probeOf(0)).run(input)).map);
  });

  it('asks no more of the windows than they have', async () => {
    const [gridH, gridW, window] = [12, 12, 2];
    const partition = choosePartition(gridH, gridW, { kind: 'cells-fixed', sx: 4, sy: 4 }, () => 0);
    const input = { x: randomValues(1, 144 * C), y: randomValues(2, 144 * Cy), batch: 1, gridH, gridW };
    const { mergedCount } = await (await probeOf(window)).run({ ...input, partition, merged: 1000 });
    // Nine destinations, each alone in a window with three sources.
    expect(mergedCount).toBe(144 - 27);
  });
});
