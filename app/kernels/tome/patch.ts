import type { GraphBuilder, Value } from '../graph/builder.ts';
import { ifElse } from '../graph/ops/control.ts';
import { gather } from '../graph/ops/index.ts';
import { reshape } from '../graph/ops/shape.ts';
import type { AttentionBlock } from '../nets/unet-blocks.ts';
import { mergeInputs, sizeName, type MergeInputs } from './inputs.ts';
import { mapMaker, type TokenMap } from './token-map.ts';
import { mergeRows } from './merge.ts';
import { pruneRows, unpruneRows } from './prune.ts';
import type { MergeModule, MergeSide, MergeStructure } from './structure.ts';
import { unmergeRows } from './unmerge.ts';

/** The rows that a part of a block works on. Self-attention alone reads keys and values from them. */
export interface PartRows {
  readonly queries: Value;
  readonly keysValues: Value;
}

/** One block's merging: wraps a part of the block so that it sees fewer rows. */
export interface BlockPatch {
  wrap(module: MergeModule, rows: Value, run: (rows: PartRows) => Value): Value;
  /** int32 [B, N]: merged row of each token; undefined where no token stands for another. */
  readonly inverse: Value | undefined;
}

/** Gives a block its merging, from the block's input before its norm. */
export type Patcher = (block: AttentionBlock, metric: Value) => BlockPatch;

/**
 * Merging for one graph. With scope "block" every block matches for itself, as in the reference; else the first block of
 * a scope matches for all of it. Each wanted part of a block merges with that one match.
 * Source: tomesd/patch.py@27a14a3, ToMeBlock; queries alone: ComfyUI's TomePatchModel (comfy_extras/nodes_tomesd.py@0939d77);
 * keys and values alone: ImprovedTokenMerge/merge.py@81928e4; sampled: queries of the first, keys and values of the last's
 * coarser grids, one token of each cell (docs/tried/matching.md). With `active` false no node of it runs and rows pass as
 * they are.
 */
export function createPatcher(g: GraphBuilder, structure: MergeStructure): Patcher {
  if (structure.mode === 'downsample') return ({ level }) => g.scope('tome', () => coarsePatch(g, level));
  const mapOf = mapMaker(g, structure);
  return (block, metric) =>
    g.scope('tome', () => {
      const inputs = mergeInputs(g, block.level);
      return patchWith(g, mapOf(block, metric), block.level, structure, inputs);
    });
}

function patchWith(
  g: GraphBuilder,
  map: TokenMap,
  level: number,
  structure: MergeStructure,
  inputs: MergeInputs,
): BlockPatch {
  const keysValues = (side: MergeSide, rows: Value, fewer: Value): Value => {
    if (side === 'queries') return rows;
    return side === 'sampled' ? destinationRows(g, rows, level, inputs) : fewer;
  };
  return {
    inverse: map.inverse,
    wrap(module, rows, run) {
      if (!structure.modules.includes(module)) return run(both(rows));
      const side = module === 'self' ? structure.side : 'all';
      return g.scope(`tome_${module}`, () => {
        const fewer = whenActive(g, inputs, rows, sizeName(level, 'BM'), () =>
          map.mode === 'merge'
            ? mergeRows(g, rows, map, level, inputs)
            : pruneRows(g, rows, map, level, inputs),
        );
        if (side === 'keys-values') return run({ queries: rows, keysValues: fewer });
        const done = run({ queries: fewer, keysValues: keysValues(side, rows, fewer) });
        const count = String(rows.shape[0]);
        return whenActive(g, inputs, done, count, () =>
          map.mode === 'merge' ? unmergeRows(g, done, map.inverse, count) : unpruneRows(g, done, map, count),
        );
      });
    },
  };
}

/** Self-attention alone, its keys and values from the rows of a coarser grid: see coarse.ts. No match, nothing to undo. */
function coarsePatch(g: GraphBuilder, level: number): BlockPatch {
  const inputs = mergeInputs(g, level);
  return {
    inverse: undefined,
    wrap(module, rows, run) {
      if (module !== 'self') return run(both(rows));
      return g.scope('tome_self', () =>
        run({ queries: rows, keysValues: destinationRows(g, rows, level, inputs) }),
      );
    },
  };
}

/** The rows of the destinations as they are: [B·D, C]. */
function destinationRows(g: GraphBuilder, rows: Value, level: number, inputs: MergeInputs): Value {
  const size = sizeName(level, 'BD');
  return whenActive(g, inputs, rows, size, () => gather(g, rows, reshape(g, inputs('dst'), [-1], [size])));
}

const both = (rows: Value): PartRows => ({ queries: rows, keysValues: rows });

/** `then`'s rows where the level merges in this run, else the rows as they are. */
function whenActive(
  g: GraphBuilder,
  inputs: MergeInputs,
  rows: Value,
  count: string,
  then: () => Value,
): Value {
  const like = [{ type: rows.type, shape: [count, rows.shape[1] ?? 1] }];
  const [chosen = rows] = ifElse(
    g,
    inputs('active'),
    like,
    () => [then()],
    () => [rows],
  );
  return chosen;
}
