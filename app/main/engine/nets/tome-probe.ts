import type { GraphTarget } from '#kernels/graph/target.ts';
import { GraphBuilder } from '#kernels/graph/builder.ts';
import { reshape } from '#kernels/graph/ops/shape.ts';
import { mergeable } from '#kernels/tome/dealing.ts';
import { mergeFeeds } from '#kernels/tome/feeds.ts';
import { mergeInputs } from '#kernels/tome/inputs.ts';
import { representatives } from '#kernels/tome/map.ts';
import { matchTokens } from '#kernels/tome/match.ts';
import { mergeMap, mergeRows } from '#kernels/tome/merge.ts';
import type { MergeMode } from '#kernels/tome/structure.ts';
import { pruneMap, pruneRows, unpruneRows } from '#kernels/tome/prune.ts';
import { unmergeRows } from '#kernels/tome/unmerge.ts';
import type { Partition } from '#kernels/tome/partition.ts';
import { EngineError, invariant } from '#contract/errors.ts';
import { createSession, type RuntimeOptions } from '../session.ts';
import { floatOutput, sizeFeeds } from './net.ts';
import { graphTarget } from './target.ts';

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
  readonly mode: Exclude<MergeMode, 'downsample'>;
  /** Side of the windows that tokens are matched within; absent: the whole grid. */
  readonly window?: number;
}

export interface TomeResult {
  /** [B, M, Cy]: kept sources, then destinations. */
  readonly merged: Float32Array;
  /** M. */
  readonly mergedCount: number;
  /** [B, N, Cy]. */
  readonly unmerged: Float32Array;
  /** [B, N]: token → representative token, −1 when pruned. */
  readonly map: Int32Array;
}

export interface ProbeInput extends Omit<TomeCase, 'channels' | 'valueChannels' | 'mode' | 'partition'> {
  /** One for the whole batch, or one a sample. */
  readonly partition: Partition | readonly Partition[];
}

/** One loaded graph, for any grid, batch and partition. */
export interface TomeProbe {
  run(input: ProbeInput): Promise<TomeResult>;
  release(): Promise<void>;
}

const noWeights = { get: () => undefined, names: () => [] };

/** Runs the merging kernels alone, outside any net: what the golden cases and the oracles are compared with. */
export async function runTomeCase(input: TomeCase, runtime: RuntimeOptions = {}): Promise<TomeResult> {
  const probe = await loadTomeProbe(input, runtime);
  try {
    return await probe.run(input);
  } finally {
    await probe.release();
  }
}

/** The same for many cases of one width and mode. */
export async function loadTomeProbe(
  options: Pick<TomeCase, 'channels' | 'valueChannels' | 'mode' | 'window'>,
  runtime: RuntimeOptions = {},
): Promise<TomeProbe> {
  const { mode, window = 0 } = options;
  const target = await graphTarget(runtime);
  const session = await createSession(probeGraph(options, target), '.', runtime);
  const { channels, valueChannels } = options;
  return {
    async run({ x, y, batch, gridH, gridW, partition, merged: wanted }) {
      const tokens = gridH * gridW;
      const partitions = Array.from({ length: batch }, (_, b) => partitionOf(partition, b));
      const grid = { gridH, gridW, window };
      const merged = Math.min(wanted, ...partitions.map((one) => mergeable(grid, one)));
      if (merged === 0) {
        const map = Int32Array.from({ length: batch * tokens }, (_, i) => i % tokens);
        return { merged: y, mergedCount: tokens, unmerged: y, map };
      }
      const plan = { level: 0, ...grid, partitions, merged };
      const feeds = {
        x: { data: x, shape: [batch, tokens, channels] },
        y: { data: y, shape: [batch, tokens, valueChannels] },
        ...sizeFeeds(session, batch, gridH, gridW),
        ...mergeFeeds(
          { batch, matches: true, levels: [plan] },
          { mode, windowed: window > 0, operators: target.operators },
        ),
      };
      const outputs = await session.run(feeds, ['merged', 'unmerged', 'inverse']);
      const inverse = outputs['inverse']?.data;
      if (!(inverse instanceof Int32Array))
        throw new EngineError('ENGINE_FAILED', 'The merging kernels gave no inverse map.');
      return {
        merged: floatOutput(outputs, 'merged'),
        mergedCount: tokens - merged,
        unmerged: floatOutput(outputs, 'unmerged'),
        map: representatives(plan, inverse, mode),
      };
    },
    release: () => session.release(),
  };
}

function partitionOf(partition: ProbeInput['partition'], sample: number): Partition {
  if ('dst' in partition) return partition;
  const own = partition[sample];
  invariant(own !== undefined, `Sample ${sample} of the batch has no partition.`);
  return own;
}

function probeGraph(
  {
    channels,
    valueChannels,
    mode,
    window = 0,
  }: Pick<TomeCase, 'channels' | 'valueChannels' | 'mode' | 'window'>,
  target: GraphTarget,
): Uint8Array {
  const g = new GraphBuilder(noWeights, target);
  const inputs = mergeInputs(g, 0);
  const rows = (name: string, c: number) =>
    reshape(g, g.input(name, 'f32', ['batch', 'N', c]), [-1, c], ['BN', c]);
  const y = rows('y', valueChannels);
  const match = matchTokens(g, rows('x', channels), 0, inputs, { windowed: window > 0, thresholded: false });
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
