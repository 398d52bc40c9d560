import type { GraphBuilder, Value } from '../graph/builder.ts';
import { ifElse } from '../graph/ops/control.ts';
import { mergeInputs, sizeName, type MergeInputs } from './inputs.ts';
import { matchTokens } from './match.ts';
import { mergeMap, mergeRows, type MergeMap } from './merge.ts';
import { pruneMap, pruneRows, unpruneRows, type PruneMap } from './prune.ts';
import { unmergeRows } from './unmerge.ts';

export type MergeMode = 'merge' | 'prune' | 'downsample';
/** The three parts of a transformer block that may work on fewer tokens. */
export type MergeModule = 'self' | 'cross' | 'mlp';

/** What of the U-Net merges: fixed when the graph is built. Ratio and partition are not: they arrive with each run. */
export interface MergeStructure {
  readonly mode: MergeMode;
  /** Names as diffusers has them: `down_blocks.0.attentions.0`, `mid_block.attentions.0`, … */
  readonly blocks: readonly string[];
  readonly modules: readonly MergeModule[];
}

/** One block's merging: wraps a part of the block so that it sees fewer rows. */
export interface BlockPatch {
  wrap(module: MergeModule, rows: Value, run: (rows: Value) => Value): Value;
  /** int64 [B, N]: merged row of each token. */
  readonly inverse: Value;
}

/**
 * Matches once per block, on the block's input before its norm, and merges each wanted part with that one match.
 * Source: tomesd/patch.py@27a14a3, ToMeBlock. With `active` false no node of it runs and rows pass as they are.
 */
export function patchBlock(
  g: GraphBuilder,
  metric: Value,
  level: number,
  structure: MergeStructure,
): BlockPatch {
  return g.scope('tome', () => {
    const inputs = mergeInputs(g, level);
    const patch =
      structure.mode === 'merge'
        ? mergePatch(g, metric, level, inputs)
        : prunePatch(g, metric, level, inputs);
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
      inverse: patch.inverse,
      wrap(module, rows, run) {
        if (!structure.modules.includes(module)) return run(rows);
        return g.scope(`tome_${module}`, () => {
          const fewer = when(rows, sizeName(level, 'BM'), () => patch.apply(rows));
          const done = run(fewer);
          return when(done, String(rows.shape[0]), () => patch.undo(done, String(rows.shape[0])));
        });
      },
    };
  });
}

interface Patch {
  readonly inverse: Value;
  apply(rows: Value): Value;
  undo(rows: Value, outRows: string): Value;
}

/** If's outputs must exist in both branches: when nothing is merged, inputs of the same type and rank stand in, unread. */
function mergePatch(g: GraphBuilder, metric: Value, level: number, inputs: MergeInputs): Patch {
  const size = (name: string) => sizeName(level, name);
  const outputs = [
    { type: 'i64', shape: ['batch', size('kept')] },
    { type: 'i64', shape: [size('Br')] },
    { type: 'i64', shape: [size('Br'), 1] },
    { type: 'f32', shape: [size('BD'), 1] },
    { type: 'i64', shape: ['batch', size('N')] },
  ] as const;
  const [kept, merged, into, share, inverse] = ifElse(
    g,
    inputs('active'),
    outputs,
    () => {
      const map = mergeMap(g, matchTokens(g, metric, level, inputs), level, inputs);
      return [map.kept, map.merged, map.into, map.share, map.inverse];
    },
    () => [inputs('src'), inputs('srcCount'), inputs('dstBase'), inputs('dstOnes'), inputs('place')],
  );
  if (!kept || !merged || !into || !share || !inverse)
    throw new TypeError('If gave fewer outputs than asked.');
  const map: MergeMap = { kept, merged, into, share, inverse };
  return {
    inverse,
    apply: (rows) => mergeRows(g, rows, map, level, inputs),
    undo: (rows, outRows) => unmergeRows(g, rows, inverse, outRows),
  };
}

function prunePatch(g: GraphBuilder, metric: Value, level: number, inputs: MergeInputs): Patch {
  const size = (name: string) => sizeName(level, name);
  const outputs = [
    { type: 'i64', shape: ['batch', size('kept')] },
    { type: 'i64', shape: ['batch', size('N')] },
  ] as const;
  const [kept, inverse] = ifElse(
    g,
    inputs('active'),
    outputs,
    () => {
      const map = pruneMap(g, matchTokens(g, metric, level, inputs), level, inputs);
      return [map.kept, map.inverse];
    },
    () => [inputs('src'), inputs('place')],
  );
  if (!kept || !inverse) throw new TypeError('If gave fewer outputs than asked.');
  const map: PruneMap = { kept, inverse };
  return {
    inverse,
    apply: (rows) => pruneRows(g, rows, map, level, inputs),
    undo: (rows, outRows) => unpruneRows(g, rows, map, outRows),
  };
}
