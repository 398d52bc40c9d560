import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { expectClose, ofLargest } from '#tests/expect-close.ts';
import { goldenFolder, openGoldenTensors } from '#tests/golden-model.ts';
import { fromRows, toRows } from './dense.ts';
import {
  referenceMap,
  referenceMatch,
  referenceMerge,
  referencePrune,
  referencePruneMap,
  referenceUnmerge,
  remainingTokens,
} from './tome.ts';

interface TomeCase {
  readonly B: number;
  readonly w: number;
  readonly h: number;
  readonly C: number;
  readonly r: number;
}
const cases = JSON.parse(await readFile(join(goldenFolder, 'tome', 'cases.json'), 'utf8')) as Record<
  string,
  TomeCase
>;

describe('the oracle against tomesd', () => {
  it.each(Object.entries(cases))('%s: groups and means are the same', async (name, { B, w, h, C, r }) => {
    const golden = await openGoldenTensors(join('tome', `${name}.safetensors`));
    const [x, y] = [await golden.floats('x'), await golden.floats('y')];
    const dst = (await golden.ints('dst')).toSorted();
    const src = Int32Array.from({ length: w * h }, (_, n) => n).filter((n) => !dst.includes(n));
    const tokens = w * h;
    const sample = (rows: ReturnType<typeof toRows>, b: number) => rows.slice(b * tokens, (b + 1) * tokens);
    const merged: number[] = [];
    const unmerged: number[] = [];
    for (let b = 0; b < B; b++) {
      const map = referenceMap(referenceMatch(sample(toRows(x.data, C), b), { dst, src }, r), tokens);
      const rows = referenceMerge(sample(toRows(y.data, C + 3), b), map);
      merged.push(...rows.flat());
      unmerged.push(...referenceUnmerge(rows, map).flat());
    }
    const expected = await golden.floats('unmerged');
    const sorted = await golden.floats('merged_sorted');
    expect(merged.length / B / (C + 3)).toBe((await golden.ints('merged_count'))[0]);
    expectClose(unmerged, expected.data, ofLargest(expected.data, 1e-6), 'unmerged');
    expectClose(Float32Array.from(merged).sort(), sorted.data, ofLargest(sorted.data, 1e-6), 'merged');
  });
});

describe('the oracle, by hand', () => {
  // Token 0 and 3 are destinations; 1 is most like 0, 4 like 3, 2 like neither much.
  const metric = [
    [1, 0],
    [2, 0.1],
    [1, 1.2],
    [0, 5],
    [0.3, 1],
  ];
  const partition = { dst: Int32Array.of(0, 3), src: Int32Array.of(1, 2, 4) };
  const y = [[10], [20], [30], [40], [50]];

  it('ranks sources by the cosine to their best destination', () => {
    const match = referenceMatch(metric, partition, 2);
    expect(match).toMatchObject({ merged: [1, 4], into: [0, 3], kept: [2] });
    // cos(1, 0) = 2/√4.01, cos(4, 3) = 1/√1.09, cos(2, 3) = 1.2/√2.44; the closest call: 4 goes before 2.
    expect(match.margin).toBeCloseTo(1 / Math.sqrt(1.09) - 1.2 / Math.sqrt(2.44), 12);
  });

  it('merges a group to its mean, and gives it back to every member', () => {
    const map = referenceMap(referenceMatch(metric, partition, 2), 5);
    expect([...map]).toEqual([0, 0, 2, 3, 3]);
    expect(remainingTokens(map)).toEqual([0, 2, 3]);
    expect(referenceMerge(y, map)).toEqual([[15], [30], [45]]);
    expect(referenceUnmerge(referenceMerge(y, map), map)).toEqual([[15], [15], [30], [45], [45]]);
  });

  it('prunes the same tokens and leaves zeros', () => {
    const map = referencePruneMap(referenceMatch(metric, partition, 2), 5);
    expect([...map]).toEqual([0, -1, 2, 3, -1]);
    expect(referencePrune(y, map)).toEqual([[10], [30], [40]]);
    expect(fromRows(referenceUnmerge(referencePrune(y, map), map))).toEqual(
      Float32Array.of(10, 0, 30, 40, 0),
    );
  });

  it('takes the lowest token of equals, and reports that nothing decided', () => {
    const same = [[1], [1], [1], [1], [1]];
    expect(referenceMatch(same, partition, 2)).toMatchObject({
      merged: [1, 2],
      into: [0, 0],
      kept: [4],
      margin: 0,
    });
  });
});
