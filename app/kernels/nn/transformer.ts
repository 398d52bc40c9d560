import type { GraphBuilder, Value } from '../graph/builder.ts';
import { add } from '../graph/ops/math.ts';
import type { BlockPatch, PartRows } from '../tome/patch.ts';
import type { MergeModule } from '../tome/structure.ts';
import { attention, diffusersProjections } from './attention.ts';
import { feedForward } from './feed-forward.ts';
import type { Level } from './level.ts';
import { linear } from './linear.ts';
import { layerNormOf, linearAfterNorm, normalizeGroups } from './norm.ts';
import { imageToRows, rowsToImage } from './tokens.ts';

/** diffusers' Transformer2DModel sets this whatever the U-Net's own epsilon is. */
const NORM_EPSILON = 1e-6;

export interface TransformerOptions {
  readonly headCount: number;
  readonly groups: number;
  readonly useLinearProjection: boolean;
  /** Text states, rows [B·T, C']. */
  readonly context: Value;
  /** Present when this block merges: its merging, from the block's input. */
  readonly patch?: (metric: Value) => BlockPatch;
}

/** SD's spatial transformer: a picture becomes tokens, attends to itself and to the text, and becomes a picture again. */
export function spatialTransformer(
  g: GraphBuilder,
  x: Value,
  name: string,
  level: Level,
  options: TransformerOptions,
): { image: Value; patch: BlockPatch | undefined } {
  return g.scope(name, () => {
    const channels = Number(x.shape[1]);
    const projection = { fromConv: !options.useLinearProjection };
    const normal = normalizeGroups(g, x, options.groups, NORM_EPSILON);
    const rows = linearAfterNorm(
      g,
      imageToRows(g, normal, level),
      `${name}.norm`,
      `${name}.proj_in`,
      projection,
    );
    const { rows: mixed, patch } = transformerBlock(g, rows, `${name}.transformer_blocks.0`, options);
    const out = linear(g, mixed, `${name}.proj_out`, channels, projection);
    return { image: add(g, rowsToImage(g, out, level), x), patch };
  });
}

function transformerBlock(g: GraphBuilder, input: Value, name: string, options: TransformerOptions) {
  const { headCount, context } = options;
  const patch = options.patch?.(input);
  const wrap = (module: MergeModule, rows: Value, run: (rows: PartRows) => Value) =>
    patch === undefined ? run({ queries: rows, keysValues: rows }) : patch.wrap(module, rows, run);
  const heads = { headCount, names: diffusersProjections, projectionBias: false };
  let x = input;
  const normed = (norm: string) => layerNormOf(g, x, `${name}.${norm}`);
  x = add(
    g,
    wrap('self', normed('norm1'), ({ queries, keysValues }) =>
      attention(g, queries, keysValues, `${name}.attn1`, heads),
    ),
    x,
  );
  x = add(
    g,
    wrap('cross', normed('norm2'), ({ queries }) => attention(g, queries, context, `${name}.attn2`, heads)),
    x,
  );
  x = add(
    g,
    wrap('mlp', normed('norm3'), ({ queries }) => feedForward(g, queries, `${name}.ff`)),
    x,
  );
  return { rows: x, patch };
}
