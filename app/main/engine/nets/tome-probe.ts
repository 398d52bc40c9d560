import { GraphBuilder } from '#kernels/graph/builder.ts';
import { reshape } from '#kernels/graph/ops/shape.ts';
import { batchInput } from '#kernels/nn/tokens.ts';
import { mergeFeeds } from '#kernels/tome/feeds.ts';
import { mergeInputs } from '#kernels/tome/inputs.ts';
import { representatives } from '#kernels/tome/map.ts';
import { matchTokens } from '#kernels/tome/match.ts';
import { mergeMap, mergeRows } from '#kernels/tome/merge.ts';
import type { MergeMode } from '#kernels/tome/patch.ts';
import { pruneMap, pruneRows, unpruneRows } from '#kernels/tome/prune.ts';
import { unmergeRows } from '#kernels/tome/unmerge.ts';
import type { Partition } from '#kernels/tome/partition.ts';
import { EngineError } from '#contract/errors.ts';
import { createSession } from '../session.ts';
import { floatOutput } from './net.ts';

export interface TomeCase {
  /** Metric [B, N, C]: what similarity is measured on. */
  readonly x: Float32Array;
  /** Values [B, N, Cy]: what is merged. */
  readonly y: Float32Array;
  readonly batch: number;
  readonly gridH: number;
  readonly gridW: number;
  readonly channels: number;
  readonly valueChannels: number;
  /** One for the whole batch, as tomesd has it. */
  readonly partition: Partition;
  /** Tokens to merge away; clipped to what the partition allows, as everywhere. */
  readonly merged: number;
  readonly mode: MergeMode;
}

export interface TomeResult {
  /** [B, M, Cy]. */
  readonly merged: Float32Array;
  /** M. */
  readonly mergedCount: number;
  /** [B, N, Cy]. */
  readonly unmerged: Float32Array;
  /** [B, N]: token → representative token, −1 when pruned. */
  readonly map: Int32Array;
}

const noWeights = { get: () => undefined, names: () => [] };

/** Runs the merging kernels alone, outside any net: what the golden cases and the oracles are compared with. */
export async function runTomeCase(input: TomeCase): Promise<TomeResult> {
  const { batch, gridH, gridW, partition, channels, valueChannels } = input;
  const tokens = gridH * gridW;
  const merged = Math.min(input.merged, partition.dst.length === 0 ? 0 : partition.src.length);
  if (merged === 0) {
    const map = Int32Array.from({ length: batch * tokens }, (_, i) => i % tokens);
    return { merged: input.y, mergedCount: tokens, unmerged: input.y, map };
  }
  const plan = { level: 0, gridH, gridW, partitions: Array.from({ length: batch }, () => partition), merged };
  const session = await createSession(probeGraph(channels, valueChannels, input.mode), '.');
  const feeds = {
    x: { data: input.x, shape: [batch, tokens, channels] },
    y: { data: input.y, shape: [batch, tokens, valueChannels] },
    [batchInput]: { data: BigInt64Array.of(BigInt(batch)), shape: [1] },
    ...mergeFeeds({ mode: input.mode, batch, levels: [plan] }),
  };
  try {
    const outputs = await session.run(feeds, ['merged', 'unmerged', 'inverse']);
    const inverse = outputs['inverse']?.data;
    if (!(inverse instanceof BigInt64Array))
      throw new EngineError('ENGINE_FAILED', 'The merging kernels gave no inverse map.');
    return {
      merged: floatOutput(outputs, 'merged'),
      mergedCount: tokens - merged,
      unmerged: floatOutput(outputs, 'unmerged'),
      map: representatives(plan, inverse),
    };
  } finally {
    await session.release();
  }
}

function probeGraph(channels: number, valueChannels: number, mode: MergeMode): Uint8Array {
  const g = new GraphBuilder(noWeights);
  const inputs = mergeInputs(g, 0);
  const rows = (name: string, c: number) =>
    reshape(g, g.input(name, 'f32', ['batch', 'N', c]), [-1, c], ['BN', c]);
  const y = rows('y', valueChannels);
  const match = matchTokens(g, rows('x', channels), 0, inputs);
  if (mode === 'merge') {
    const map = mergeMap(g, match, 0, inputs);
    const merged = mergeRows(g, y, map, 0, inputs);
    g.output('merged', merged);
    g.output('unmerged', unmergeRows(g, merged, map.inverse, 'BN'));
    g.output('inverse', map.inverse);
  } else {
    const map = pruneMap(g, match, 0, inputs);
    const merged = pruneRows(g, y, map, 0, inputs);
    g.output('merged', merged);
    g.output('unmerged', unpruneRows(g, merged, map, 'BN'));
    g.output('inverse', map.inverse);
  }
  return g.build('tome-probe');
}
