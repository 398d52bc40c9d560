import { afterAll, describe, expect, it } from 'vitest';
import { tomesdMerging } from '#contract/request.ts';
import { sizeFeeds } from '#engine/nets/net.ts';
import { createSession, type Session } from '#engine/session.ts';
import { expectClose } from '#tests/expect-close.ts';
import { randomValues } from '#tests/random-values.ts';
import { tinyUnetConfig as config } from '#tests/unet-config.ts';
import { GraphBuilder } from '../graph/builder.ts';
import { reshape } from '../graph/ops/shape.ts';
import { levelGrids } from '../nets/unet-blocks.ts';
import { toRows } from '../reference/dense.ts';
import { referenceDestinations, referenceDifference, referenceImportance } from '../reference/importance.ts';
import { referenceMap, referenceMatch, referencePruneMap, type ReferenceMatch } from '../reference/tome.ts';
import { mergeFeeds } from './feeds.ts';
import { guidanceDifference } from './importance.ts';
import { representatives } from './map.ts';
import type { Partition } from './partition.ts';
import { mergeStructure, planMerging, type LevelPlan } from './plan.ts';
import type { MergeSettings } from './settings.ts';
import { matchKey, type MergeStructure } from './structure.ts';
import { carriedParts, countOutput, mapMaker } from './token-map.ts';

/**
 * Importance from the guidance difference, from the two halves' outputs to who merges into whom, against the slow loops
 * of app/kernels/reference. The graph makes the matches of three blocks of a level, as the U-Net does, in the runtime.
 */

const C = 6;
const BATCH = 2;
const LATENT_CHANNELS = 4;
/** Decisions closer than this are left to rounding. */
const SAFE_MARGIN = 1e-5;
/** Two on the way down, one on the way up: scopes share their matches differently. */
const blocksOf = (level: number) =>
  [
    `down_blocks.${level}.attentions.0`,
    `down_blocks.${level}.attentions.1`,
    `up_blocks.${3 - level}.attentions.0`,
  ].map((name) => ({ name, level }));

const sessions = new Map<string, Promise<Session>>();
afterAll(async () => {
  for (const session of sessions.values()) await (await session).release();
});

/** One graph a structure and level, for any grid, ratio, window and importance. */
function sessionOf(structure: MergeStructure, level: number): Promise<Session> {
  const key = JSON.stringify([structure, level]);
  const known = sessions.get(key);
  if (known !== undefined) return known;
  const g = new GraphBuilder({ get: () => undefined, names: () => [] });
  const mapOf = mapMaker(g, structure);
  for (const block of blocksOf(level)) {
    const x = reshape(g, g.input(block.name, 'f32', ['batch', 'N', C]), [-1, C], ['BN', C]);
    g.output(`inverse/${block.name}`, mapOf(block, x).inverse);
  }
  const made = createSession(g.build('importance'), '.', { threads: 1 });
  sessions.set(key, made);
  return made;
}

interface Form {
  readonly latentH: number;
  readonly latentW: number;
  readonly level: number;
  readonly merging: Partial<MergeSettings>;
}

interface Drawn {
  readonly settings: MergeSettings;
  readonly structure: MergeStructure;
  readonly plan: LevelPlan;
  /** What each token's importance takes from its likeness. */
  readonly holds: readonly number[];
}

function draw(form: Form, seed: number): Drawn | undefined {
  const { latentH, latentW, level } = form;
  const settings = {
    ...{ ...tomesdMerging, ratio: 0.6, importance: 0.4, ...form.merging },
    blocks: blocksOf(level).map(({ name }) => name),
  };
  const structure = mergeStructure(config, settings) ?? expect.fail('Nothing merges.');
  const positions = latentH * latentW;
  const output = randomValues(seed + 500, 2 * LATENT_CHANNELS * positions);
  const picture = (half: number): number[][] =>
    Array.from({ length: LATENT_CHANNELS }, (_, c) => [
      ...output.subarray(
        (half * LATENT_CHANNELS + c) * positions,
        (half * LATENT_CHANNELS + c + 1) * positions,
      ),
    ]);
  const expected = referenceDifference(picture(0), picture(1));
  const difference = guidanceDifference(output, positions);
  expectClose(difference, expected, { atol: 1e-6, rtol: 0 }, 'what guidance changed');
  const step = { latentH, latentW, batch: BATCH, seed, stepIndex: 3, stepCount: 9, difference };
  const plan = planMerging(config, settings, step).levels.find((one) => one.level === level);
  if (plan === undefined) return expect.fail('The level is missing.');
  const importance = referenceImportance(expected, latentH, latentW, level);
  const grid = levelGrids(4, latentH, latentW)[level] ?? { h: 0, w: 0 };
  expect([plan.gridH, plan.gridW, importance.length]).toEqual([grid.h, grid.w, grid.h * grid.w]);
  if (settings.partition.startsWith('cells')) {
    const cells = referenceDestinations(plan, settings, importance);
    if (cells.margin < SAFE_MARGIN) return undefined;
    for (const { dst, src } of plan.partitions)
      expect({ dst, src }).toEqual({ dst: cells.dst, src: cells.src });
  }
  return { settings, structure, plan, holds: importance.map((value) => settings.importance * value) };
}

/** Each sample's match and r by the slow loops, or undefined where rounding decides. */
function matchBlock(x: Float32Array, { settings, plan, holds }: Drawn) {
  const { gridH, gridW, partitions } = plan;
  const { matchWindow: window, threshold, ratio } = settings;
  const tokens = gridH * gridW;
  const windowOf = (token: number) =>
    window === 0 ? '' : [Math.floor(token / gridW / window), Math.floor((token % gridW) / window)].join();
  const within = (src: number, dst: number) => windowOf(src) === windowOf(dst);
  const may = ({ src, dst }: Partition) =>
    [...src].filter((one) => dst.some((other) => within(one, other))).length;
  const most = Math.min(Math.floor(tokens * ratio), ...partitions.map(may));
  expect(plan.merged).toBe(most);
  const match = (r: number): ReferenceMatch[] =>
    partitions.map((partition, b) =>
      referenceMatch(
        toRows(x.subarray(b * tokens * C, (b + 1) * tokens * C), C),
        partition,
        r,
        within,
        holds,
      ),
    );
  const ranked = match(0).flatMap((one) => one.ranked);
  const reached = (one: ReferenceMatch) =>
    one.ranked.filter((rank) => rank >= (threshold ?? -Infinity)).length;
  const r = Math.min(most, ...(threshold === undefined ? [] : [Math.max(...match(0).map(reached))]));
  const matches = match(r);
  const closest = Math.min(
    ...matches.map(({ margin }) => margin),
    ...(threshold === undefined ? [] : ranked.map((rank) => Math.abs(rank - threshold))),
  );
  return closest < SAFE_MARGIN ? undefined : { r, matches };
}

async function check(form: Form): Promise<void> {
  for (let seed = 1; seed <= 40; seed++) {
    const drawn = draw(form, seed);
    if (drawn === undefined) continue;
    const { plan, structure } = drawn;
    const { gridH, gridW } = plan;
    const tokens = gridH * gridW;
    const blocks = blocksOf(form.level);
    const xs = new Map(
      blocks.map(({ name }, i) => [name, randomValues(seed * 10 + i, BATCH * tokens * C)] as const),
    );
    // Blocks of one scope go by the first one's match.
    const firstOf = new Map<string, string>();
    for (const { name } of blocks) {
      const key = matchKey(structure.matchScope, name, form.level);
      firstOf.set(key, firstOf.get(key) ?? name);
    }
    const found = [...firstOf].map(
      ([key, name]) =>
        [key, matchBlock(xs.get(name) ?? expect.fail(`${name} has no metric.`), drawn)] as const,
    );
    if (found.some(([, one]) => one === undefined)) continue;
    await compare(form, drawn, xs, new Map(found));
    return;
  }
  expect.fail('Forty draws in a row were too close to call.');
}
async function compare(
  { level }: Form,
  { plan, structure }: Drawn,
  xs: ReadonlyMap<string, Float32Array>,
  expected: ReadonlyMap<string, ReturnType<typeof matchBlock>>,
): Promise<void> {
  const { gridH, gridW } = plan;
  const tokens = gridH * gridW;
  const session = await sessionOf(structure, level);
  const x = [...xs].map(([name, data]) => [name, { data, shape: [BATCH, tokens, C] }]);
  const feeds = {
    ...(Object.fromEntries(x) as Record<string, { data: Float32Array; shape: number[] }>),
    ...Object.fromEntries(carriedParts(structure, blocksOf(level)).map(({ input, empty }) => [input, empty])),
    ...sizeFeeds(session, BATCH, gridH, gridW),
    ...mergeFeeds({ batch: BATCH, matches: true, levels: [plan] }, structure),
  };
  const names = [...xs.keys()];
  const counts = structure.thresholded ? [...expected.keys()].map(countOutput) : [];
  const outputs = await session.run(feeds, [...names.map((name) => `inverse/${name}`), ...counts]);
  for (const name of names) {
    const key = matchKey(structure.matchScope, name, level);
    const { r, matches } = expected.get(key) ?? expect.fail(`${key} has no match.`);
    if (structure.thresholded)
      expect(outputs[countOutput(key)]?.data, `${name}: r`).toEqual(BigInt64Array.of(BigInt(r)));
    const inverse = outputs[`inverse/${name}`]?.data;
    if (!(inverse instanceof Int32Array)) return expect.fail(`${name} has no map.`);
    const mapOf = structure.mode === 'prune' ? referencePruneMap : referenceMap;
    const wanted = matches.flatMap((match) => [...mapOf(match, tokens)]);
    const mode = structure.mode;
    expectClose(representatives({ ...plan, merged: r }, inverse, mode), wanted, { atol: 0, rtol: 0 }, name);
  }
}

/** Even, odd both ways, flat, and smaller than some windows. */
const sizes = [
  [16, 16],
  [13, 11],
  [9, 20],
  [7, 5],
] as const;
const options: readonly (readonly [string, Partial<MergeSettings>])[] = [
  ['nothing else', {}],
  ['full weight', { importance: 1 }],
  ['windows of 3', { matchWindow: 3 }],
  ['windows of 4, pruning', { matchWindow: 4, mode: 'prune' }],
  ['windows wider than the grid', { matchWindow: 64 }],
  ['a stage’s match in windows', { matchScope: 'stage', matchWindow: 4 }],
  ['a level’s match', { matchScope: 'level' }],
  ['a level’s match every 3rd step', { matchScope: 'level', matchEvery: 3 }],
  ['a threshold', { threshold: 0.35, ratio: 1 }],
  ['a threshold, windows, a stage', { threshold: 0.2, matchWindow: 4, matchScope: 'stage' }],
  ['a threshold that none reaches', { threshold: 1 }],
  ['wide cells', { sx: 3, sy: 2, partition: 'cells-fixed' }],
  ['columns', { partition: 'columns', ratio: 0.3 }],
  ['destinations anywhere, other ones a sample', { partition: 'random', sharePartition: false }],
];

describe('importance against the oracle', () => {
  it.each(options)('with %s', async (_, merging) => {
    for (const [latentH, latentW] of sizes)
      for (const level of [0, 1]) await check({ latentH, latentW, level, merging });
  });

  it('on the smallest level that has blocks', async () => {
    for (const matchWindow of [0, 3])
      await check({ latentH: 25, latentW: 19, level: 2, merging: { matchWindow, matchScope: 'stage' } });
  });

  it('decides: without it other tokens go', () => {
    const form: Form = { latentH: 13, latentW: 11, level: 0, merging: { ratio: 0.3 } };
    const drawn = draw(form, 1) ?? expect.fail('Too close to call.');
    const x = randomValues(10, BATCH * 143 * C);
    const gone = (one: Drawn) => new Set(matchBlock(x, one)?.matches[0]?.merged);
    const plain = gone({ ...drawn, holds: [] });
    expect(plain.size).toBe(42);
    expect(gone(drawn)).not.toEqual(plain);
  });
});

describe('the oracle of importance, by hand', () => {
  it('sums channels, makes the largest 1, and averages what lies under a token', () => {
    const negative = [
      [0, 1, 2],
      [0, 0, 0],
    ];
    const positive = [
      [1, 1, 0],
      [1, 0, 2],
    ];
    expect(referenceDifference(negative, positive)).toEqual([0.5, 0, 1]);
    expect(referenceDifference(negative, negative)).toEqual([0, 0, 0]);
    expect(referenceImportance([1, 3, 5, 5, 7, 9], 2, 3, 1)).toEqual([4, 7]);
    expect(referenceImportance([1, 3, 5, 5, 7, 9], 2, 3, 0)).toEqual([1, 3, 5, 5, 7, 9]);
  });

  it('takes the most important token of each whole cell; cut-off cells have none', () => {
    const importance = [0, 0, 0, 0, 0.2, 0, 1, 0.5, 0, 9];
    const grid = { gridH: 2, gridW: 5 };
    expect(referenceDestinations(grid, { sx: 2, sy: 2 }, importance)).toEqual({
      ...{ dst: Int32Array.of(6, 7), src: Int32Array.of(0, 1, 2, 3, 4, 5, 8, 9) },
      margin: 0.5,
    });
  });

  it('lets an important source stay where its likeness alone would have it go', () => {
    const metric = [
      [1, 0],
      [1, 0.1],
      [1, 0.5],
    ];
    const partition = { dst: Int32Array.of(0), src: Int32Array.of(1, 2) };
    expect(referenceMatch(metric, partition, 1).merged).toEqual([1]);
    expect(referenceMatch(metric, partition, 1, undefined, [0, 0.5, 0]).merged).toEqual([2]);
  });
});
