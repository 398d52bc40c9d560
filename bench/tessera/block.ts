import { dirname, basename } from 'node:path';
import type { MergingOptions } from '#contract/request.ts';
import { createSession, type RuntimeOptions, type Session } from '#engine/session.ts';
import { floatOutput, sizeFeeds } from '#engine/nets/net.ts';
import { GraphBuilder } from '#kernels/graph/builder.ts';
import { add } from '#kernels/graph/ops/math.ts';
import { reshape } from '#kernels/graph/ops/shape.ts';
import { attention, diffusersProjections } from '#kernels/nn/attention.ts';
import { layerNormOf } from '#kernels/nn/norm.ts';
import type { WeightSource } from '#kernels/onnx/weights.ts';
import { mergeFeeds } from '#kernels/tome/feeds.ts';
import { createPatcher, type PartRows } from '#kernels/tome/patch.ts';
import { tomesdMatching, type MergeStructure } from '#kernels/tome/structure.ts';
import { choosePartition } from '#kernels/tome/partition.ts';
import { createRandom, partitionWords } from '#kernels/tome/random.ts';
import { mergedCount } from '#kernels/tome/ratio.ts';
import { readSafetensorsHeader } from '#library/safetensors.ts';
import { readFloats } from '../inputs.ts';
import type { Point, Work } from '../protocol.ts';
import type { Run } from './work.ts';

const SEED = 7;
const CELL = 2;
const structureOf = ({ side, matchWindow }: MergingOptions): MergeStructure => ({
  ...{ mode: 'merge', blocks: [], modules: ['self'] },
  ...tomesdMatching,
  side,
  windowed: matchWindow > 0,
});

/** The self-attention part of a transformer block alone: match, norm, merge, attention, unmerge, and the way around it. */
export async function prepareBlock(
  work: Extract<Work, { kind: 'block' }>,
  runtime: RuntimeOptions,
): Promise<Run> {
  const { tokens } = await readFloats(work.inputs, ['tokens']);
  const [batch = 0, gridH = 0, gridW = 0, channels = 0] = tokens.shape;
  const weights = await weightSource(work.weights);
  const folder = dirname(work.weights);
  const load = (structure?: MergeStructure) =>
    createSession(blockGraph(weights, channels, work.headCount, structure), folder, runtime);
  const plain = await load();
  const merging = new Map<string, Promise<Session>>();
  const mergingSession = (structure: MergeStructure) => {
    const key = JSON.stringify(structure);
    const session = merging.get(key) ?? load(structure);
    merging.set(key, session);
    return session;
  };
  const feedsOf = (session: Session) => ({
    tokens: { data: tokens.data, shape: [batch, gridH * gridW, channels] },
    ...sizeFeeds(session, batch, gridH, gridW),
  });
  return async (point) => {
    if (point.ratio === 0)
      return async () => floatOutput(await plain.run(feedsOf(plain), ['mixed']), 'mixed');
    const structure = structureOf(point.merging);
    const session = await mergingSession(structure);
    return async () => {
      const feeds = { ...feedsOf(session), ...pointFeeds(point, structure, batch, gridH, gridW) };
      return floatOutput(await session.run(feeds, ['mixed']), 'mixed');
    };
  };
}

function blockGraph(
  weights: WeightSource,
  channels: number,
  headCount: number,
  structure: MergeStructure | undefined,
): Uint8Array {
  const g = new GraphBuilder(weights);
  const rows = reshape(
    g,
    g.input('tokens', 'f32', ['batch', 'N', channels]),
    [-1, channels],
    ['BN', channels],
  );
  const attend = ({ queries, keysValues }: PartRows) =>
    attention(g, queries, keysValues, 'attn1', {
      headCount,
      names: diffusersProjections,
      projectionBias: false,
    });
  const patch =
    structure === undefined ? undefined : createPatcher(g, structure)({ name: 'block', level: 0 }, rows);
  const normal = layerNormOf(g, rows, 'norm1');
  const mixed =
    patch === undefined
      ? attend({ queries: normal, keysValues: normal })
      : patch.wrap('self', normal, attend);
  g.output('mixed', add(g, mixed, rows));
  return g.build('attention-block');
}

function pointFeeds(
  { ratio, fixed, step, merging }: Point,
  structure: MergeStructure,
  batch: number,
  gridH: number,
  gridW: number,
) {
  const kind = fixed ? 'cells-fixed' : 'cells-random';
  const random = createRandom(partitionWords(SEED, step, 0, 0));
  const partition = choosePartition(gridH, gridW, { kind, sx: CELL, sy: CELL }, random);
  const merged = mergedCount(gridH * gridW, partition.src.length, ratio);
  const partitions = Array.from({ length: batch }, () => partition);
  const { matchWindow: window } = merging;
  const level = { level: 0, gridH, gridW, window, partitions, merged };
  return mergeFeeds({ batch, matches: true, levels: [level] }, structure);
}

async function weightSource(path: string): Promise<WeightSource> {
  const { tensors } = await readSafetensorsHeader(path);
  return {
    get(name) {
      const tensor = tensors.get(name);
      if (tensor === undefined || (tensor.dtype !== 'F16' && tensor.dtype !== 'F32')) return undefined;
      return { ...tensor, dtype: tensor.dtype, file: basename(path) };
    },
    names: () => tensors.keys(),
  };
}
