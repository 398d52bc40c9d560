import type { GraphBuilder, Value } from '../graph/builder.ts';
import { ifElse } from '../graph/ops/control.ts';
import { reshape } from '../graph/ops/shape.ts';
import type { AttentionBlock } from '../nets/unet-blocks.ts';
import type { Dim, ElementType } from '../onnx/proto.ts';
import type { FeedTensor } from './feeds.ts';
import { mergeInputs, sizeName, type MergeInputs } from './inputs.ts';
import { matchTokens } from './match.ts';
import { mergeMap, type MergeMap } from './merge.ts';
import { pruneMap, type PruneMap } from './prune.ts';
import { matchKey, type MergeStructure } from './structure.ts';

/** A match made ready for use, whatever the mode. */
export type TokenMap = ({ readonly mode: 'merge' } & MergeMap) | ({ readonly mode: 'prune' } & PruneMap);
type Part = keyof MergeMap | 'count';

/** The tensors of a map, by mode: what leaves the graph for later steps, and enters it again. */
const partsOf = {
  merge: ['kept', 'merged', 'into', 'share', 'inverse'],
  prune: ['kept', 'inverse'],
} as const;

const specs: Record<Part, readonly [ElementType, (size: (name: string) => string) => readonly Dim[]]> = {
  kept: ['i32', (size) => ['batch', size('kept')]],
  merged: ['i32', (size) => [size('Br')]],
  into: ['i32', (size) => [size('Br'), 1]],
  share: ['f32', (size) => [size('BD'), 1]],
  inverse: ['i32', (size) => ['batch', size('N')]],
  count: ['i64', () => [1]],
};

/** With a threshold, how many went is part of a match. */
function partsFor({ mode, thresholded }: Pick<MergeStructure, 'mode' | 'thresholded'>): readonly Part[] {
  if (mode === 'downsample') return [];
  return thresholded ? [...partsOf[mode], 'count'] : partsOf[mode];
}

/** int64 [1]: how many of a match's tokens went; an output of graphs with a threshold. */
export const countOutput = (key: string): string => `count/${key}`;

/** One tensor of a match that goes from one run to later ones. */
export interface CarriedPart {
  readonly level: number;
  /** Its names as it leaves the graph, and as it enters a later run. */
  readonly output: string;
  readonly input: string;
  /** Goes in, unread, where the run matches anew or does not merge. */
  readonly empty: FeedTensor;
}

/** The tensors of every match that a graph with these merging blocks makes. */
export function carriedParts(structure: MergeStructure, blocks: readonly AttentionBlock[]): CarriedPart[] {
  if (!structure.carriesMatch) return [];
  const parts = partsFor(structure);
  const keys = new Map(blocks.map(({ name, level }) => [matchKey(structure.matchScope, name, level), level]));
  return [...keys].flatMap(([key, level]) =>
    parts.map((part) => ({
      level,
      ...{ output: carriedOutput(key, part), input: carriedInput(key, part) },
      empty: emptyOf(part),
    })),
  );
}

function emptyOf(part: Part): FeedTensor {
  const [type, shape] = specs[part];
  const size = shape(() => '').map(() => 1);
  if (type === 'f32') return { data: new Float32Array(1), shape: size };
  return { data: type === 'i64' ? new BigInt64Array(1) : new Int32Array(1), shape: size };
}

const carriedOutput = (key: string, part: string): string => `match/${key}/${part}`;
const carriedInput = (key: string, part: string): string => `given/${key}/${part}`;

/** Makes each scope's map once, where it is first needed. */
export function mapMaker(
  g: GraphBuilder,
  structure: MergeStructure,
): (block: AttentionBlock, metric: Value) => TokenMap {
  const made = new Map<string, TokenMap>();
  return ({ name, level }, metric) => {
    const key = matchKey(structure.matchScope, name, level);
    const known = made.get(key);
    if (known !== undefined) return known;
    const map = makeMap(g, metric, level, key, structure);
    made.set(key, map);
    return map;
  };
}

function makeMap(
  g: GraphBuilder,
  metric: Value,
  level: number,
  key: string,
  structure: MergeStructure,
): TokenMap {
  const { mode, carriesMatch } = structure;
  if (mode === 'downsample') throw new TypeError('Downsampling has no map.');
  const inputs = mergeInputs(g, level);
  const parts = partsFor(structure);
  const like = parts.map((part) => {
    const [type, shape] = specs[part];
    return { type, shape: shape((name) => sizeName(level, name)) };
  });
  const values = ifElse(
    g,
    inputs('matches'),
    like,
    () => {
      const match = matchTokens(g, metric, level, inputs, structure);
      const map: Partial<Record<Part, Value>> =
        mode === 'merge'
          ? { ...mergeMap(g, match, level, inputs), count: match.counts.merged }
          : { ...pruneMap(g, match, level, inputs), count: match.counts.merged };
      return parts.map((part) => present(map[part]));
    },
    () =>
      parts.map((part, i) =>
        carriesMatch
          ? g.input(carriedInput(key, part), like[i]?.type ?? 'i32', like[i]?.shape ?? [])
          : standIn(g, part, inputs),
      ),
  );
  const part = (name: Part): Value => present(values[parts.indexOf(name)]);
  if (carriesMatch) for (const name of parts) g.output(carriedOutput(key, name), part(name));
  if (structure.thresholded) g.output(countOutput(key), part('count'));
  const common = { kept: part('kept'), inverse: part('inverse') };
  return mode === 'merge'
    ? { mode, ...common, merged: part('merged'), into: part('into'), share: part('share') }
    : { mode, ...common };
}

/** If's outputs must exist in both branches: when nothing is merged, inputs of the same type and rank stand in, unread. */
function standIn(g: GraphBuilder, part: Part, inputs: MergeInputs): Value {
  switch (part) {
    case 'kept':
      return inputs('src');
    case 'merged':
      return reshape(g, inputs('src'), [-1], ['entries']);
    case 'into':
      return inputs('dstBase');
    case 'share':
      return inputs('dstOnes');
    case 'inverse':
      return inputs('place');
    case 'count':
      return inputs('mergedCount');
  }
}

function present(value: Value | undefined): Value {
  if (value === undefined) throw new TypeError('If gave fewer outputs than asked.');
  return value;
}
