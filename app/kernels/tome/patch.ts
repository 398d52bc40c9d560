import type { GraphBuilder, Value } from '../graph/builder.ts';
import { ifElse } from '../graph/ops/control.ts';
import type { AttentionBlock } from '../nets/unet-blocks.ts';
import { mergeInputs, sizeName, type MergeInputs } from './inputs.ts';
import { mapMaker, type TokenMap } from './token-map.ts';
import { mergeRows } from './merge.ts';
import { pruneRows, unpruneRows } from './prune.ts';
import type { MergeModule, MergeStructure } from './structure.ts';
import { unmergeRows } from './unmerge.ts';

/** One block's merging: wraps a part of the block so that it sees fewer rows. */
export interface BlockPatch {
  wrap(module: MergeModule, rows: Value, run: (rows: Value) => Value): Value;
  /** int32 [B, N]: merged row of each token. */
  readonly inverse: Value;
}

/** Gives a block its merging, from the block's input before its norm. */
export type Patcher = (block: AttentionBlock, metric: Value) => BlockPatch;

/**
 * Merging for one graph. With scope "block" every block matches for itself, as in the reference; else the first block of
 * a scope matches for all of it. Each wanted part of a block merges with that one match.
 * Source: tomesd/patch.py@27a14a3, ToMeBlock. With `active` false no node of it runs and rows pass as they are.
 */
export function createPatcher(g: GraphBuilder, structure: MergeStructure): Patcher {
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
  const like = (rows: Value, count: string) => [{ type: rows.type, shape: [count, rows.shape[1] ?? 1] }];
  const when = (rows: Value, count: string, then: () => Value) =>
    ifElse(
      g,
      inputs('active'),
      like(rows, count),
      () => [then()],
      () => [rows],
    )[0] ?? rows;
  return {
    inverse: map.inverse,
    wrap(module, rows, run) {
      if (!structure.modules.includes(module)) return run(rows);
      return g.scope(`tome_${module}`, () => {
        const fewer = when(rows, sizeName(level, 'BM'), () =>
          map.mode === 'merge'
            ? mergeRows(g, rows, map, level, inputs)
            : pruneRows(g, rows, map, level, inputs),
        );
        const done = run(fewer);
        const count = String(rows.shape[0]);
        return when(done, count, () =>
          map.mode === 'merge' ? unmergeRows(g, done, map.inverse, count) : unpruneRows(g, done, map, count),
        );
      });
    },
  };
}
