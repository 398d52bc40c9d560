import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { choosePartition } from '#kernels/tome/partition.ts';
import { mergedCount } from '#kernels/tome/ratio.ts';
import { expectClose, ofLargest } from '#tests/expect-close.ts';
import { goldenFolder, openGoldenTensors } from '#tests/golden-model.ts';
import { runTomeCase } from './tome-probe.ts';

/** tests/golden/README.md, tome/cases.json. */
interface TomeCase {
  readonly B: number;
  readonly w: number;
  readonly h: number;
  readonly C: number;
  readonly sx: number;
  readonly sy: number;
  readonly ratio: number;
  readonly r: number;
  readonly random: boolean;
}
const cases = JSON.parse(await readFile(join(goldenFolder, 'tome', 'cases.json'), 'utf8')) as Record<
  string,
  TomeCase
>;

describe('the merging kernels against tomesd', () => {
  it.each(Object.entries(cases))('%s: the same groups, the same means', async (name, golden) => {
    const { B: batch, w: gridW, h: gridH, C: channels, sx, sy, ratio, r, random } = golden;
    const tensors = await openGoldenTensors(join('tome', `${name}.safetensors`));
    const [x, y] = [await tensors.floats('x'), await tensors.floats('y')];
    const dst = (await tensors.ints('dst')).toSorted();
    const src = Int32Array.from({ length: gridH * gridW }, (_, n) => n).filter((n) => !dst.includes(n));
    const fixed = choosePartition(gridH, gridW, { kind: 'cells-fixed', sx, sy }, () => 0);
    // tomesd's own dice are torch's; what our partition must share is its size, or all of it where nothing is random.
    if (random) expect(dst).toHaveLength(fixed.dst.length);
    else expect(dst).toEqual(fixed.dst);
    const merged = mergedCount(gridH * gridW, src.length, ratio);
    expect(merged).toBe(Math.min(r, src.length));
    const result = await runTomeCase({
      ...{ x: x.data, y: y.data, batch, gridH, gridW, channels, valueChannels: channels + 3 },
      ...{ partition: { dst, src }, merged, mode: 'merge' },
    });
    const unmerged = await tensors.floats('unmerged');
    const sorted = await tensors.floats('merged_sorted');
    expect(result.mergedCount).toBe((await tensors.ints('merged_count'))[0]);
    expectClose(result.unmerged, unmerged, ofLargest(unmerged.data, 1e-6), 'unmerged');
    expectClose(result.merged.toSorted(), sorted.data, ofLargest(sorted.data, 1e-6), 'merged');
  });
});
