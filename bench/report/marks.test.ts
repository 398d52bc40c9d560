import { expect, test } from 'vitest';
import { judge, marks, type Mark } from './marks.ts';
import type { StoredStudy } from './store.ts';
import { recordOf } from './testing.ts';

const mark = (start: string): Mark => {
  const found = marks.find(({ name }) => name.startsWith(start));
  if (found === undefined) throw new RangeError(`There is no mark ${start}.`);
  return found;
};
const judged = (start: string, records: readonly StoredStudy[]) => {
  const { outcome, found } = judge(mark(start), records);
  return { outcome, value: found?.value, note: found?.note };
};
const sd15 = { topic: 'unet-sd15', model: 'sd15', sizePx: 768 } as const;

test('a mark without its study is not measured', () => {
  for (const one of marks) expect(judge(one, []).outcome).toBe('not measured');
});

test('a gain is of one run, and the newest run that tells it counts', () => {
  const newer = recordOf(sd15, [{ ratio: 0.5, ms: 10 }]);
  const older = recordOf(
    sd15,
    [
      { ratio: 0, ms: 32 },
      { ratio: 0.5, ms: 20 },
    ],
    { at: '2026-01-01T00:00:00.000Z' },
  );
  const name = "U-Net pass of SD 1.5's size, 768 px: ratio .5 over 0";
  expect(judged(name, [newer, older])).toEqual({ outcome: 'met', value: 1.6, note: undefined });
  expect(judge(mark(name), [newer, older]).found?.from).toEqual([older]);
});

test('the best way counts, is named, and what tomesd’s own gives is said', () => {
  const lines = [
    { ratio: 0, ms: 30 },
    { ratio: 0.5, ms: 25 },
    { ratio: 0.5, ms: 15, variant: 'matchScope level' },
  ];
  expect(judged("U-Net pass of SD 1.5's size, 768 px: ratio .5 over 0", [recordOf(sd15, lines)])).toEqual({
    ...{ outcome: 'met', value: 2 },
    note: "matchScope level; tomesd's own way: 1.20",
  });
});

test('just below the mark is missed', () => {
  const lines = [
    { side: 'torch', ratio: 0.5, ms: 119 },
    { ratio: 0.5, ms: 100 },
  ] as const;
  expect(judged('The same at 768 px', [recordOf(sd15, lines)])).toMatchObject({
    outcome: 'missed',
    value: 1.19,
  });
});

test('a processor that plays a graphics card is none', () => {
  const lines = [
    { provider: 'webgpu', ratio: 0, ms: 30 },
    { provider: 'webgpu', ratio: 0.5, ms: 10 },
  ] as const;
  const key = { ...sd15, sizePx: 1024 };
  const on = (machine: Record<string, string>) => [recordOf(key, lines, { machine })];
  expect(judged('The same at 1024 px on a graphics card', on({})).outcome).toBe('not measured');
  expect(
    judged('The same at 1024 px on a graphics card', on({ graphics: 'NVIDIA GeForce RTX 3060' })),
  ).toMatchObject({
    value: 3,
  });
  expect(
    judged("U-Net pass of SD 1.5's size, 1024 px: ratio", on({ graphics: 'NVIDIA GeForce RTX 3060' }))
      .outcome,
  ).toBe('not measured');
});

test('a picture is told from passes and ends of one machine', () => {
  const passes = recordOf(sd15, [
    { ratio: 0.5, ms: 1000 },
    { side: 'torch', ratio: 0.5, ms: 1500 },
  ]);
  const ends = recordOf({ topic: 'ends', model: 'sd15', sizePx: 768 }, [
    { ratio: 0, ms: 5000 },
    { side: 'torch', ratio: 0, ms: 10_000 },
  ]);
  const name = "Picture of 20 steps, SD 1.5's size, 768 px";
  expect(judged(name, [passes, ends])).toEqual({
    ...{ outcome: 'met', value: 40 / 25 },
    note: 'computed: text and decoding + 20 median U-Net passes, 25.0 s against 40.0 s',
  });
  expect(judged(name, [passes, { ...ends, machine: { processor: 'Q' } }]).outcome).toBe('not measured');
  const made = recordOf({ topic: 'pictures', model: 'sd15', sizePx: 768, steps: 20 }, [
    { ratio: 0.5, ms: 20 },
    { side: 'torch', ratio: 0.5, ms: 24 },
  ]);
  expect(judged(name, [passes, ends, made])).toMatchObject({ outcome: 'missed', value: 1.2 });
});

test('with a step cache in both, the same cache is compared', () => {
  const key = { topic: 'pictures', model: 'sd15', sizePx: 512, steps: 4 } as const;
  const variant = 'step cache 3/0';
  const lines = [
    { ratio: 0, ms: 90 },
    { ratio: 0.5, ms: 80 },
    { side: 'torch', ratio: 0.5, ms: 100 },
    { ratio: 0.5, ms: 25, variant },
    { side: 'torch', ratio: 0.5, ms: 40, variant },
  ] as const;
  const records = [recordOf(key, lines)];
  expect(judged('The same at 512 px with a step cache in both', records)).toMatchObject({
    outcome: 'met',
    value: 1.6,
  });
  expect(judged('Step cache on top of ratio .5', records)).toMatchObject({
    outcome: 'met',
    value: 3.6,
    note: variant,
  });
});

test('another way of merging with a step cache meets the peers with the same cache', () => {
  const variant = 'step cache 5/0';
  const lines = [
    { ratio: 0, ms: 90 },
    { ratio: 0.5, ms: 30, variant },
    { ratio: 0.5, ms: 20, variant: `default, ${variant}` },
    { side: 'torch', ratio: 0.5, ms: 60, variant: 'step cache 3/0' },
    { side: 'torch', ratio: 0.5, ms: 40, variant },
  ] as const;
  const records = [recordOf({ topic: 'pictures', model: 'sd15', sizePx: 512, steps: 6 }, lines)];
  expect(judged('The same at 512 px with a step cache in both', records)).toMatchObject({
    value: 2,
    note: `default, ${variant}; tomesd's own way: 1.33`,
  });
});

test('peaks are told above the weights, ours as a share of theirs', () => {
  const GB = 1e9;
  const lines = [
    { ratio: 0.5, peakBytes: 6 * GB },
    { side: 'torch', ratio: 0.5, peakBytes: 8 * GB },
  ] as const;
  const record = recordOf({ topic: 'memory', model: 'sd15', sizePx: 1024 }, lines, {
    facts: { weightsBytes: 4 * GB },
  });
  expect(judged('Peak memory above the weights', [record])).toMatchObject({ outcome: 'met', value: 0.5 });
});

test('single numbers of a study are found by their names', () => {
  const record = recordOf({ topic: 'overhead', sizePx: 512 }, [], { facts: { overheadShare: 0.12 } });
  expect(judged("Merging's own cost", [record])).toMatchObject({ outcome: 'missed', value: 12 });
  const both = { overheadShare: 0.12, windowedOverheadShare: 0.06 };
  const windowed = recordOf({ topic: 'overhead', sizePx: 512 }, [], { facts: both });
  expect(judge(mark("Merging's own cost"), [windowed]).found).toMatchObject({
    value: 6,
    note: 'matching within windows of 16',
  });
});

test('a gain by precision is none of merging, and the peers compute in float32', () => {
  const record = recordOf(sd15, [
    { ratio: 0, ms: 30 },
    { ratio: 0, ms: 20, variant: 'int8' },
    { ratio: 0.5, ms: 25 },
    { ratio: 0.5, ms: 12, variant: 'int8' },
    { ratio: 0.5, ms: 30, side: 'torch' },
  ]);
  const found = judge(mark("U-Net pass of SD 1.5's size, 768 px: ratio .5 over 0"), [record]).found;
  expect(found?.value).toBeCloseTo(20 / 12);
  expect(judge(mark('The same at 768 px'), [record]).found?.value).toBeCloseTo(30 / 25);
});
