import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sizeFeeds } from '#engine/nets/net.ts';
import { createSession, type Session } from '#engine/session.ts';
import { expectClose, ofLargest } from '#tests/expect-close.ts';
import {
  goldenFolder,
  goldenModelNames,
  openGoldenModel,
  openGoldenTensors,
  type GoldenModel,
  type GoldenModelName,
} from '#tests/golden-model.ts';
import { randomValues } from '#tests/random-values.ts';
import { GraphBuilder, type Value } from '../graph/builder.ts';
import { reshape } from '../graph/ops/shape.ts';
import { fromRows, toRows } from '../reference/dense.ts';
import { referenceTransformer, type ReferenceResult } from '../reference/transformer.ts';
import { inactiveFeeds, mergeFeeds } from '../tome/feeds.ts';
import { representatives } from '../tome/map.ts';
import { coarsePartition } from '../tome/coarse.ts';
import { choosePartition, type Partition, type PartitionKind } from '../tome/partition.ts';
import { createPatcher } from '../tome/patch.ts';
import { tomesdMatching, type MergeMode, type MergeModule, type MergeStructure } from '../tome/structure.ts';
import { createRandom } from '../tome/random.ts';
import { Level } from './level.ts';
import { spatialTransformer } from './transformer.ts';

/** A whole spatial transformer, merging and not, against the slow loops of app/kernels/reference. */

const name = 'down_blocks.0.attentions.0';
const T = 3;
/** Decisions closer than this are left to rounding. */
const SAFE_MARGIN = 2e-6;

/** Linear and convolutional projections, one head count and another. */
const models: Partial<Record<GoldenModelName, { model: GoldenModel; weights: Map<string, Float32Array> }>> =
  {};
beforeAll(async () => {
  for (const modelName of goldenModelNames) {
    const model = await openGoldenModel(modelName);
    const file = await openGoldenTensors(join(modelName, 'unet', 'diffusion_pytorch_model.safetensors'));
    const weights = new Map<string, Float32Array>();
    for (const tensor of file.names.filter((one) => one.startsWith(`${name}.`)))
      weights.set(tensor, (await file.floats(tensor)).data);
    models[modelName] = { model, weights };
  }
});

function modelOf(modelName: GoldenModelName) {
  const found = models[modelName];
  if (found === undefined) throw new Error(`${modelName} was not read.`);
  const { model, weights } = found;
  const { config } = model.checkpoint.unet;
  const weight = (tensor: string) => weights.get(tensor) ?? expect.fail(`${tensor} was not read.`);
  return { part: model.checkpoint.unet, config, weight };
}

const sessions = new Map<string, Promise<Session>>();
afterAll(async () => {
  for (const session of sessions.values()) await (await session).release();
});

/** One graph a structure, for any grid, batch and partition. */
function sessionOf(modelName: GoldenModelName, merging: MergeStructure | undefined): Promise<Session> {
  const key = JSON.stringify([modelName, merging]);
  const known = sessions.get(key);
  if (known !== undefined) return known;
  const { part, config } = modelOf(modelName);
  const g = new GraphBuilder(part.weights);
  const level = new Level(0);
  const c = config.blockOutChannels[0] ?? 0;
  const x = g.input('x', 'f32', ['batch', c, level.rows, level.columns]);
  const text = g.input('text', 'f32', ['batch', T, config.crossAttentionDim]);
  const { image, patch } = spatialTransformer(g, x, name, level, {
    headCount: config.headCounts[0] ?? 1,
    groups: config.normNumGroups,
    useLinearProjection: config.useLinearProjection,
    context: reshape(g, text, [-1, config.crossAttentionDim], ['rows_text', config.crossAttentionDim]),
    ...(merging === undefined
      ? {}
      : { patch: (metric: Value) => createPatcher(g, merging)({ name, level: 0 }, metric) }),
  });
  g.output('image', image);
  if (patch?.inverse !== undefined) g.output('inverse', patch.inverse);
  const made = createSession(g.build('transformer'), join(goldenFolder, modelName, 'unet'), { threads: 1 });
  sessions.set(key, made);
  return made;
}

interface Case {
  readonly gridH: number;
  readonly gridW: number;
  readonly partitions: readonly Partition[];
  readonly r: number;
}

/** The oracle's picture of every sample; margin is the closest decision of them all. */
function reference(
  modelName: GoldenModelName,
  x: Float32Array,
  text: Float32Array,
  merging: MergeStructure | undefined,
  { gridH, gridW, partitions, r }: Case,
): ReferenceResult[] {
  const { config, weight } = modelOf(modelName);
  const pictureSize = (config.blockOutChannels[0] ?? 0) * gridH * gridW;
  const textSize = T * config.crossAttentionDim;
  const net = { name, headCount: config.headCounts[0] ?? 1, groups: config.normNumGroups, weight };
  return partitions.map((partition, b) =>
    referenceTransformer(
      net,
      toRows(x.subarray(b * pictureSize, (b + 1) * pictureSize), gridH * gridW),
      toRows(text.subarray(b * textSize, (b + 1) * textSize), config.crossAttentionDim),
      merging && { mode: merging.mode, modules: merging.modules, side: merging.side, partition, r },
    ),
  );
}

async function check(modelName: GoldenModelName, merging: MergeStructure | undefined, one: Case) {
  const { gridH, gridW, partitions, r } = one;
  const { config } = modelOf(modelName);
  const batch = partitions.length;
  const c = config.blockOutChannels[0] ?? 0;
  const text = randomValues(99, batch * T * config.crossAttentionDim);
  let x: Float32Array = new Float32Array();
  let expected: ReferenceResult[] = [];
  for (let seed = 1; seed < 20; seed++) {
    x = randomValues(seed, batch * c * gridH * gridW);
    expected = reference(modelName, x, text, merging, one);
    if (expected.every(({ margin }) => margin > SAFE_MARGIN)) break;
  }
  const plan = { level: 0, gridH, gridW, window: 0, partitions, merged: r };
  const mode = merging?.mode ?? 'merge';
  const feeds = {
    x: { data: x, shape: [batch, c, gridH, gridW] },
    text: { data: text, shape: [batch, T, config.crossAttentionDim] },
    ...(merging === undefined ? {} : mergeFeeds({ batch, matches: true, levels: [plan] }, merging)),
  };
  const mapped = merging !== undefined && mode !== 'downsample';
  const session = await sessionOf(modelName, merging);
  const { image, inverse } = await session.run(
    { ...feeds, ...sizeFeeds(session, batch, gridH, gridW) },
    mapped ? ['image', 'inverse'] : ['image'],
  );
  const label = `${gridH}×${gridW}, batch ${batch}, r ${r}`;
  const wanted = fromRows(expected.flatMap((sample) => sample.image));
  expect(image?.shape).toEqual([batch, c, gridH, gridW]);
  const data = image?.data instanceof Float32Array ? image.data : new Float32Array();
  const tolerance = ofLargest(wanted, 2e-6);
  if (mapped && r > 0) {
    const rows = inverse?.data instanceof Int32Array ? inverse.data : new Int32Array();
    const map = expected.flatMap((sample) => [...sample.map]);
    expectClose(representatives(plan, rows, mode), map, { atol: 0, rtol: 0 }, `${label}: map`);
  }
  expectClose(data, wanted, tolerance, label);
}

function caseOf(
  kind: PartitionKind,
  [gridH, gridW]: readonly [number, number],
  batch: number,
  shared: boolean,
  share: number,
): Case {
  const random = createRandom([gridH, gridW, batch, 0]);
  const draw = () => choosePartition(gridH, gridW, { kind, sx: 2, sy: 2 }, random);
  const first = draw();
  const partitions = Array.from({ length: batch }, (_, b) => (b === 0 || shared ? first : draw()));
  return { gridH, gridW, partitions, r: Math.floor(first.src.length * share) };
}

const cases: readonly Case[] = [
  caseOf('cells-random', [4, 6], 2, true, 0.6),
  caseOf('cells-random', [5, 3], 2, false, 1),
  caseOf('random', [3, 5], 4, false, 0.5),
  caseOf('columns', [4, 5], 1, true, 0.8),
  caseOf('cells-fixed', [2, 2], 1, true, 0.4),
];

describe.each(goldenModelNames)('spatialTransformer with the weights of %s', (modelName) => {
  it('is the oracle’s without merging', async () => {
    for (const one of cases) await check(modelName, undefined, { ...one, r: 0 });
  });

  const modules: readonly (readonly MergeModule[])[] = [
    ['self'],
    ['cross'],
    ['mlp'],
    ['self', 'cross', 'mlp'],
  ];
  const structures = (['merge', 'prune'] as const satisfies MergeMode[]).flatMap((mode) =>
    modules.map((some) => ({ mode, modules: some, blocks: [name], what: some.join(', ') })),
  );
  it.each(structures)('is the oracle’s when it may $mode: $what', async ({ mode, modules, blocks }) => {
    for (const one of cases) await check(modelName, { mode, modules, blocks, ...tomesdMatching }, one);
  });

  it.each([
    ['merge', 'queries', ['self', 'cross', 'mlp']],
    ['merge', 'keys-values', ['self']],
    ['merge', 'sampled', ['self', 'cross', 'mlp']],
    ['prune', 'queries', ['self']],
    ['prune', 'sampled', ['self']],
    ['prune', 'keys-values', ['self']],
  ] as const)('is the oracle’s with sides that differ: %s %s', async (mode, side, some) => {
    const merging = { ...{ mode, modules: some, blocks: [name] }, ...tomesdMatching, side };
    for (const one of cases) await check(modelName, merging, one);
  });

  it('is the oracle’s with keys and values from a coarser grid, odd ones too', async () => {
    const merging = {
      ...({ mode: 'downsample', modules: ['self'], blocks: [name] } as const),
      ...tomesdMatching,
    };
    for (const [gridH, gridW, ratio] of [
      [4, 6, 0.75],
      [5, 3, 0.75],
      [3, 7, 0.5],
      [7, 9, 0.89],
      [4, 4, 0],
    ] as const) {
      const partition = coarsePartition(gridH, gridW, ratio);
      const partitions = [partition, partition];
      await check(modelName, merging, { gridH, gridW, partitions, r: partition.src.length });
    }
  });
});

describe('a merging block that is switched off', () => {
  it.each(['all', 'sampled'] as const)(
    'gives what the block without gives, bit for bit: %s',
    async (side) => {
      const structure: MergeStructure = {
        ...{ mode: 'merge', modules: ['self', 'cross', 'mlp'], blocks: [name] },
        ...tomesdMatching,
        side,
      };
      const x = randomValues(3, 2 * 32 * 20);
      const feeds = {
        x: { data: x, shape: [2, 32, 4, 5] },
        text: { data: randomValues(4, 2 * T * 32), shape: [2, T, 32] },
      };
      const plain = await sessionOf('tiny-sd15', undefined);
      const expected = await plain.run({ ...feeds, ...sizeFeeds(plain, 2, 4, 5) }, ['image']);
      const merging = await sessionOf('tiny-sd15', structure);
      const shapes = sizeFeeds(merging, 2, 4, 5);
      const off = await merging.run({ ...feeds, ...shapes, ...inactiveFeeds([0], 2, structure) }, ['image']);
      expect(off['image']).toEqual(expected['image']);
    },
  );
});
