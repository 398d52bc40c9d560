import type { MergeMode, MergeModule, MergeSide } from '../tome/structure.ts';
import type { Partition } from '../tome/partition.ts';
import {
  addRows,
  attentionRows,
  gelu,
  groupNormRows,
  layerNormRows,
  linearRows,
  transposed,
  type Rows,
} from './dense.ts';
import {
  referenceCoarse,
  referenceMap,
  referenceMatch,
  referenceMerge,
  referencePrune,
  referencePruneMap,
  referenceUnmerge,
} from './tome.ts';

/** SD's spatial transformer with token merging, one sample, as slow, plain loops: the oracle of the tests. */

export interface ReferenceTransformer {
  /** The block's name in the checkpoint. */
  readonly name: string;
  readonly headCount: number;
  readonly groups: number;
  readonly weight: (name: string) => ArrayLike<number>;
}

export interface ReferenceMerging {
  readonly mode: MergeMode;
  readonly modules: readonly MergeModule[];
  readonly side: MergeSide;
  readonly partition: Partition;
  readonly r: number;
}

export interface ReferenceResult {
  /** Picture [C, N]. */
  readonly image: Rows;
  /** Token → the token that stands for it; −1 for a pruned one. */
  readonly map: Int32Array;
  /** See ReferenceMatch. */
  readonly margin: number;
}

/** diffusers v0.35.1, Transformer2DModel and BasicTransformerBlock; tomesd/patch.py@27a14a3. image [C, N], context [T, C']. */
export function referenceTransformer(
  net: ReferenceTransformer,
  image: Rows,
  context: Rows,
  merging?: ReferenceMerging,
): ReferenceResult {
  const { name, headCount, groups, weight } = net;
  const block = `${name}.transformer_blocks.0`;
  const linear = (x: Rows, layer: string, bias = true) =>
    linearRows(x, weight(`${layer}.weight`), bias ? weight(`${layer}.bias`) : undefined);
  const norm = (x: Rows, layer: string) =>
    layerNormRows(x, weight(`${layer}.weight`), weight(`${layer}.bias`), 1e-5);
  const attend = (x: Rows, to: Rows, layer: string) => {
    const q = linear(x, `${layer}.to_q`, false);
    const k = linear(to, `${layer}.to_k`, false);
    const v = linear(to, `${layer}.to_v`, false);
    return linear(attentionRows(q, k, v, headCount), `${layer}.to_out.0`);
  };
  const feedForward = (x: Rows) => {
    const wide = linear(x, `${block}.ff.net.0.proj`).map((row) => {
      const half = row.length / 2;
      return row.slice(0, half).map((value, c) => value * gelu(row[half + c] ?? 0));
    });
    return linear(wide, `${block}.ff.net.2`);
  };

  const normal = groupNormRows(
    transposed(image),
    groups,
    weight(`${name}.norm.weight`),
    weight(`${name}.norm.bias`),
    1e-6,
  );
  let x = linear(normal, `${name}.proj_in`);
  const { wrap, map, margin } = mergingOf(x, merging);
  x = addRows(
    x,
    wrap('self', norm(x, `${block}.norm1`), (rows, others) => attend(rows, others, `${block}.attn1`)),
  );
  x = addRows(
    x,
    wrap('cross', norm(x, `${block}.norm2`), (rows) => attend(rows, context, `${block}.attn2`)),
  );
  x = addRows(x, wrap('mlp', norm(x, `${block}.norm3`), feedForward));
  return { image: addRows(transposed(linear(x, `${name}.proj_out`)), image), map, margin };
}

const noPartition: Partition = { src: new Int32Array(), dst: new Int32Array() };

function mergingOf(metric: Rows, merging: ReferenceMerging | undefined) {
  const { partition, r } = merging ?? { partition: noPartition, r: 0 };
  // A coarser grid matches nothing.
  const match = referenceMatch(metric, partition, merging?.mode === 'downsample' ? 0 : r);
  const prune = merging?.mode === 'prune';
  const map = prune ? referencePruneMap(match, metric.length) : referenceMap(match, metric.length);
  const fewer = prune ? referencePrune : referenceMerge;
  /** `others` is what self-attention takes keys and values from. */
  const wrap = (module: MergeModule, rows: Rows, run: (rows: Rows, others: Rows) => Rows): Rows => {
    if (merging?.modules.includes(module) !== true) return run(rows, rows);
    const { mode, side } = merging;
    if (mode === 'downsample') return run(rows, r === 0 ? rows : referenceCoarse(rows, partition));
    const less = fewer(rows, map);
    if (module !== 'self' || side === 'all') return referenceUnmerge(run(less, less), map);
    if (side === 'keys-values') return run(rows, less);
    const sampled = side === 'sampled' && r > 0;
    return referenceUnmerge(run(less, sampled ? referenceCoarse(rows, partition) : rows), map);
  };
  return { wrap, map, margin: match.margin };
}
