import type { GraphBuilder, Value } from '../graph/builder.ts';
import { cast, gemm } from '../graph/ops/math.ts';

/** A weight of the checkpoint as float32; a half-precision one gets a Cast that the runtime folds when it loads. */
export function weight(
  g: GraphBuilder,
  name: string,
  shape: readonly number[],
  as: readonly number[] = shape,
): Value {
  return g.scope(name, () => cast(g, g.weight(name, shape, as), 'f32'));
}

export interface LinearOptions {
  readonly bias?: boolean;
  /** The weight is stored as a 1×1 convolution [out, in, 1, 1]. */
  readonly fromConv?: boolean;
}

/** Rows [R, in] → [R, out] by `name`.weight [out, in] and `name`.bias [out]. */
export function linear(
  g: GraphBuilder,
  x: Value,
  name: string,
  out: number,
  options: LinearOptions = {},
): Value {
  const width = Number(x.shape.at(-1));
  const stored = options.fromConv === true ? [out, width, 1, 1] : [out, width];
  const w = weight(g, `${name}.weight`, stored, [out, width]);
  return gemm(g, x, w, options.bias === false ? undefined : weight(g, `${name}.bias`, [out]));
}
