import type { GraphBuilder, Value, WeightReading } from '../graph/builder.ts';
import { cast, gemm } from '../graph/ops/math.ts';
import { isWorthEightBits, linear8 } from './eight-bit.ts';

/** A weight of the checkpoint in the type that is computed in; one stored in another gets a Cast that the runtime folds when it loads. */
export function weight(g: GraphBuilder, name: string, shape: readonly number[], read?: WeightReading): Value {
  return g.scope(name, () => cast(g, g.weight(name, shape, read), g.target.float));
}

export interface LinearOptions {
  readonly bias?: boolean;
  /** The weight is stored as a 1×1 convolution [out, in, 1, 1]. */
  readonly fromConv?: boolean;
  /** `out` rows are one part of a weight that holds several, one above the other. */
  readonly part?: { readonly index: number; readonly count: number };
}

/** Rows [R, in] → [R, out] by `name`.weight [out, in] and `name`.bias [out]. */
export function linear(
  g: GraphBuilder,
  x: Value,
  name: string,
  out: number,
  options: LinearOptions = {},
): Value {
  const { w, b } = linearWeights(g, name, Number(x.shape.at(-1)), out, options);
  return product(g, x, w, b);
}

/** x [R, K] · wᵀ + b, in what the graph is to compute its products in. */
export function product(g: GraphBuilder, x: Value, w: Value, b: Value | undefined): Value {
  // One row reads all of the weights for hardly any work: 8 bits would save nothing there.
  return x.shape[0] !== 1 && isWorthEightBits(g, w) ? linear8(g, x, w, b) : gemm(g, x, w, b);
}

/** The weight [out, width] and the bias [out], when there is one. */
export function linearWeights(
  g: GraphBuilder,
  name: string,
  width: number,
  out: number,
  options: LinearOptions,
): { w: Value; b: Value | undefined } {
  const { part } = options;
  const rows = out * (part?.count ?? 1);
  const read = part === undefined ? {} : { part };
  const stored = options.fromConv === true ? [rows, width, 1, 1] : [rows, width];
  return {
    w: weight(g, `${name}.weight`, stored, { ...read, as: [out, width] }),
    b: options.bias === false ? undefined : weight(g, `${name}.bias`, [rows], { ...read, as: [out] }),
  };
}
