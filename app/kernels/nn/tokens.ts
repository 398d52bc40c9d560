import type { GraphBuilder, Value } from '../graph/builder.ts';
import { reshape, transpose } from '../graph/ops/shape.ts';
import type { Level } from './level.ts';
import { batchInput } from './run-shapes.ts';

/**
 * Tokens travel as rows [B·N, C], sample after sample: a linear layer is then one matrix product, and a token of
 * the whole batch is one row number. N may be anything: merging changes it from one part of a block to the next.
 */

/** Picture [B, C, h, w] → rows [B·h·w, C]. */
export function imageToRows(g: GraphBuilder, x: Value, level: Level): Value {
  const [batch = 1, channels = 1, rows = 1, columns = 1] = x.shape;
  const last = transpose(g, x, [0, 2, 3, 1]);
  return reshape(
    g,
    { ...last, shape: [batch, rows, columns, channels] },
    [-1, Number(channels)],
    [`rows_${level.name}`, channels],
  );
}

/** Rows [B·h·w, C] → picture [B, C, h, w]. */
export function rowsToImage(g: GraphBuilder, x: Value, level: Level): Value {
  const channels = Number(x.shape[1]);
  const laid = reshape(g, x, level.tokenShape(g), ['batch', level.rows, level.columns, channels]);
  return transpose(g, laid, [0, 3, 1, 2]);
}

/** Rows [B·N, C] → [B, N, C], N whatever there is. */
export function rowsToBatch(g: GraphBuilder, x: Value, count: string): Value {
  const channels = Number(x.shape[1]);
  return reshape(g, x, batchShape(g, channels), ['batch', count, channels]);
}

/** int64 [3]: (B, −1, C). */
export function batchShape(g: GraphBuilder, channels: number): Value {
  return g.input(batchInput(channels), 'i64', [3]);
}

/** [B, N, C] → rows. */
export function batchToRows(g: GraphBuilder, x: Value, rows: string): Value {
  const channels = Number(x.shape[2]);
  return reshape(g, x, [-1, channels], [rows, channels]);
}
