import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { JobEvent, JobFigures } from '#contract/engine-protocol.ts';
import { CancelledError } from '#contract/errors.ts';
import { tomesdMerging } from '#contract/request.ts';
import type { GenerationRequest } from '#contract/request.ts';
import type { NetPartName } from '#contract/runtime.ts';
import { openCheckpoint } from '#library/checkpoint.ts';
import { goldenFolder } from '#tests/golden-model.ts';
import { generate } from './generate.ts';
import type { Unaddressed } from './job.ts';
import { Model } from './model.ts';

type Event = Unaddressed<JobEvent>;

let model: Model;
beforeAll(async () => {
  model = new Model(await openCheckpoint(join(goldenFolder, 'tiny-sd15')));
});
afterAll(() => model.release());

const base: GenerationRequest = {
  prompt: 'a red sun',
  negativePrompt: 'blur',
  widthPx: 64,
  heightPx: 72,
  steps: 2,
  scheduler: 'ddim',
  guidanceScale: 7.5,
  seed: 5,
  count: 1,
  merging: tomesdMerging,
};

async function run(
  request: Partial<GenerationRequest>,
  options: {
    model?: Model;
    previewEvery?: number;
    wantMaps?: boolean;
    isCancelled?: () => boolean;
    memory?: 'low';
    /** Holds what was told even where the job fails. */
    events?: Event[];
  } = {},
): Promise<{ events: Event[]; figures: JobFigures }> {
  const events = options.events ?? [];
  const figures = await generate(options.model ?? model, {
    request: { ...base, ...request },
    previewEvery: options.previewEvery ?? 0,
    wantMaps: options.wantMaps ?? false,
    memory: options.memory ?? 'auto',
    emit: (event) => events.push(event),
    isCancelled: options.isCancelled ?? (() => false),
  });
  return { events, figures };
}

function ofType<T extends Event['type']>(events: readonly Event[], type: T): Extract<Event, { type: T }>[] {
  return events.filter((event): event is Extract<Event, { type: T }> => event.type === type);
}
/** Which parts are loaded, in order: each load asks where. */
function loadsOf({ runtime }: Model): NetPartName[] {
  const loads: NetPartName[] = [];
  const options = runtime.options.bind(runtime);
  runtime.options = (part) => {
    loads.push(part);
    return options(part);
  };
  return loads;
}
const pixels = (events: readonly Event[]) =>
  ofType(events, 'picture').map(({ rgb }) => Buffer.from(rgb).toString('hex'));

test('a job tells its start, its steps and its pictures, with every figure', async () => {
  const { events, figures } = await run({ count: 2 });
  expect(events.map(({ type }) => type)).toEqual([
    ...['memory', 'next', 'started'],
    ...['progress', 'progress', 'picture'],
    ...['progress', 'progress', 'picture'],
  ]);
  expect(ofType(events, 'started')[0]).toMatchObject({ tokenCount: 3, negativeTokenCount: 1, calls: 2 });
  expect(ofType(events, 'progress').map(({ picture, call, calls }) => [picture, call, calls])).toEqual([
    [0, 1, 2],
    [0, 2, 2],
    [1, 1, 2],
    [1, 2, 2],
  ]);
  const [first, second] = ofType(events, 'picture');
  expect([first?.seed, second?.seed]).toEqual([5, 6]);
  expect([first?.widthPx, first?.heightPx, first?.rgb.length]).toEqual([64, 72, 3 * 64 * 72]);
  expect(first?.figures.stepsMs).toHaveLength(2);
  expect(first?.figures.decodeTiles).toBe(1);
  expect(figures.totalMs).toBeGreaterThan(first?.figures.totalMs ?? Infinity);
  expect(figures.peakMemory.bytes).toBeGreaterThan(1e7);
  expect(figures.memoryMode).toBe('full');
  expect(figures.estimatedBytes).toBe(ofType(events, 'memory')[0]?.estimatedBytes);
});

test('low memory loads one part after another and draws the same picture, previews and all', async () => {
  const request = { merging: { ...tomesdMerging, ratio: 0.5 } };
  const full = await run(request, { previewEvery: 1 });
  const low = await run(request, { previewEvery: 1, memory: 'low' });
  expect(low.figures.memoryMode).toBe('low');
  expect(low.figures.estimatedBytes).toBeLessThan(full.figures.estimatedBytes ?? 0);
  expect(ofType(low.events, 'preview')).toHaveLength(ofType(full.events, 'preview').length);
  // Convolutions that are not laid out anew add their products in another order: the last bit of a pixel may differ.
  const [drawn, again] = [full, low].map(
    ({ events }) => ofType(events, 'picture')[0]?.rgb ?? new Uint8Array(),
  );
  const differences = Array.from(drawn ?? [], (value, i) => Math.abs(value - (again?.[i] ?? NaN)));
  expect(differences.length).toBeGreaterThan(0);
  expect(Math.max(...differences)).toBeLessThanOrEqual(1);
});

test('low memory does the steps of all pictures before it decodes the first, and loads each net once', async () => {
  const lowModel = new Model(model.checkpoint);
  const loads = loadsOf(lowModel);
  const { events } = await run({ count: 3 }, { model: lowModel, memory: 'low', previewEvery: 1 });
  const steps = ['progress', 'preview', 'progress'];
  expect(events.map(({ type }) => type)).toEqual([
    ...['memory', 'next', 'started', ...steps, ...steps, ...steps],
    ...['picture', 'picture', 'picture'],
  ]);
  expect(ofType(events, 'progress').map(({ picture, call }) => [picture, call])).toEqual([
    ...[0, 1, 2].flatMap((picture) => [1, 2].map((call) => [picture, call])),
  ]);
  expect(ofType(events, 'picture').map(({ picture, seed }) => [picture, seed])).toEqual([
    [0, 5],
    [1, 6],
    [2, 7],
  ]);
  for (const { figures } of ofType(events, 'picture')) {
    const { stepsMs, decodeMs, tokeniseMs, textMs, totalMs } = figures;
    expect(stepsMs).toHaveLength(2);
    const parts = tokeniseMs + textMs + decodeMs + stepsMs.reduce((sum, ms) => sum + ms, 0);
    expect(totalMs).toBeGreaterThanOrEqual(parts);
  }
  // The decoder first, for the previews' fit.
  expect(loads).toEqual(['vae', 'text', 'unet', 'vae']);
  const alone = await run({ seed: 7 }, { memory: 'low' });
  expect(pixels(events)[2]).toBe(pixels(alone.events)[0]);
  await lowModel.release();
});

test.each([
  ['in the middle of the steps', 'progress', 3, { kept: 1, pictures: 1 }],
  ['with all steps done', 'progress', 6, { kept: 3, pictures: 3 }],
  ['while pictures are decoded', 'picture', 1, { kept: 2, pictures: 3 }],
] as const)(
  'a cancel in low memory %s keeps what has its steps done',
  async (_when, type, after, { kept, pictures }) => {
    const events: Event[] = [];
    const isCancelled = () => ofType(events, type).length >= after;
    await expect(run({ count: 3 }, { memory: 'low', isCancelled, events })).rejects.toThrow(CancelledError);
    expect(ofType(events, 'keeping')).toEqual([{ type: 'keeping', pictures: kept }]);
    expect(ofType(events, 'picture').map(({ seed }) => seed)).toEqual([5, 6, 7].slice(0, pictures));
    expect(ofType(events, 'progress')).toHaveLength(type === 'progress' ? after : 6);
  },
);

test('a cancel in low memory before any picture has its steps done keeps nothing', async () => {
  const events: Event[] = [];
  const isCancelled = () => ofType(events, 'progress').length === 1;
  await expect(run({ count: 2 }, { memory: 'low', isCancelled, events })).rejects.toThrow(CancelledError);
  expect(ofType(events, 'keeping')).toEqual([]);
  expect(ofType(events, 'picture')).toEqual([]);
});

test('picture i of a job is the first picture of a job with seed + i', async () => {
  const [, second] = pixels((await run({ count: 2 })).events);
  const [alone] = pixels((await run({ seed: 6 })).events);
  expect(second).toBe(alone);
  expect(second).not.toBe(pixels((await run({})).events)[0]);
});

test('without guidance one row is run, and the negative prompt does not matter', async () => {
  const options = { wantMaps: true };
  const merging = { ...tomesdMerging, ratio: 0.5 };
  const { events } = await run({ guidanceScale: 1, merging }, options);
  expect(ofType(events, 'maps')[0]?.blocks.map(({ batch }) => batch)).toEqual([1, 1, 1, 1, 1]);
  expect(ofType(events, 'started')[0]?.negativeTokenCount).toBe(0);
  const other = await run({ guidanceScale: 1, merging, negativePrompt: 'something else' }, options);
  expect(pixels(other.events)).toEqual(pixels(events));
});

test('ratio 0 on a U-Net built for merging gives the picture of one built without, bit for bit', async () => {
  const plain = new Model(model.checkpoint);
  const expected = pixels((await run({}, { model: plain })).events);
  await plain.release();
  const merged = await run({ merging: { ...tomesdMerging, ratio: 0.5 } });
  const loads = model.loadMs;
  expect(pixels((await run({})).events)).toEqual(expected);
  expect(model.loadMs).toBe(loads);
  expect(pixels(merged.events)).not.toEqual(expected);
});

test('maps name each merged block and its destinations, at every call', async () => {
  const merging = { ...tomesdMerging, ratio: 0.5, maxDownsample: 2 as const };
  const { events } = await run({ merging }, { wantMaps: true });
  const maps = ofType(events, 'maps');
  expect(maps.map(({ call }) => call)).toEqual([1, 2]);
  expect(maps[0]?.blocks).toHaveLength(10);
  expect(maps[0]?.destinations.map(({ gridW, gridH, rows }) => [gridW, gridH, rows])).toEqual([
    [8, 9, 1],
    [4, 5, 1],
  ]);
  const block = maps[0]?.blocks[0];
  const map = block?.map.subarray(0, 72) ?? new Int32Array();
  const dst = new Set(maps[0]?.destinations[0]?.positions);
  // A token that stands for another is a destination; 36 of 72 tokens are left.
  map.forEach((to, from) => {
    expect(to === from || dst.has(to)).toBe(true);
  });
  expect(new Set(map).size).toBe(36);
  expect(maps[0]?.effectiveRatio).toBeCloseTo((5 * 36 + 5 * 10) / (5 * 72 + 5 * 20), 10);
});

test('the ratio runs from its start to its end, and partitions differ from step to step', async () => {
  const merging = { ...tomesdMerging, ratio: 0.5, ratioEnd: 0.25 };
  const { events } = await run({ merging, steps: 3 }, { wantMaps: true });
  const got = ofType(events, 'progress').map(({ effectiveRatio }) => Math.round(effectiveRatio * 72));
  expect(got).toEqual([36, 27, 18]);
  const [first, second] = ofType(events, 'maps').map(({ destinations }) => destinations[0]?.positions.join());
  expect(first).not.toBe(second);
});

test('previews come when asked for, as small as the latents, and never in place of the picture', async () => {
  const { events } = await run({ steps: 4, widthPx: 128, heightPx: 128 }, { previewEvery: 3 });
  const [preview, ...others] = ofType(events, 'preview');
  expect([preview?.call, others.length]).toEqual([3, 0]);
  expect([preview?.widthPx, preview?.heightPx, preview?.rgb.length]).toEqual([16, 16, 3 * 256]);
});

test('cancel stops between two calls', async () => {
  const events: Event[] = [];
  const isCancelled = () => ofType(events, 'progress').length === 2;
  await expect(run({ steps: 5 }, { isCancelled, events })).rejects.toThrow(CancelledError);
  expect(events.map(({ type }) => type)).toEqual(['memory', 'next', 'started', 'progress', 'progress']);
});

test('notes say when merging does nothing', async () => {
  const { events } = await run({ heightPx: 64, merging: { ...tomesdMerging, ratio: 0.9 } });
  expect(ofType(events, 'warning').map(({ notice }) => notice)).toEqual([
    { code: 'merging-capped', asked: 0.9, most: 0.75 },
  ]);
  const off = await run({ merging: { ...tomesdMerging, ratio: 0.5, selfAttention: false } });
  expect(ofType(off.events, 'warning')[0]?.notice.code).toBe('merging-all-off');
});

test('blocks that the model lacks and steps that the scheduler refuses are wrong requests', async () => {
  const merging = { ...tomesdMerging, ratio: 0.5, blocks: ['down_blocks.9.attentions.0'] };
  await expect(run({ merging })).rejects.toMatchObject({
    code: 'REQUEST_INVALID',
    message: expect.stringContaining('mid_block.attentions.0') as string,
  });
  await expect(run({ scheduler: 'lcm', steps: 999 })).rejects.toMatchObject({ code: 'REQUEST_INVALID' });
});

test('every scheduler reaches its end', async () => {
  const { schedulerNames } = await import('#contract/request.ts');
  for (const scheduler of schedulerNames) {
    const { events } = await run({ scheduler, steps: 3, guidanceScale: 1 });
    const calls = ofType(events, 'started')[0]?.calls ?? 0;
    expect([scheduler, ofType(events, 'progress').length]).toEqual([scheduler, calls]);
    expect(calls).toBeGreaterThanOrEqual(3);
  }
});
