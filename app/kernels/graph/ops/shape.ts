import type { Dim } from '#kernels/onnx/proto.ts';
import type { GraphBuilder, Value } from '../builder.ts';

/** `to` is a constant list (0 = keep, −1 = the rest) or a tensor of sizes; `shape` is what the result then has. */
export function reshape(
  g: GraphBuilder,
  x: Value,
  to: readonly number[] | Value,
  shape: readonly Dim[],
): Value {
  const sizes = 'name' in to ? to : g.ints(to);
  return g.node('Reshape', x.type, shape, { inputs: [x, sizes] });
}

/** x [..] → [1, ..]. */
export function unsqueezeFirst(g: GraphBuilder, x: Value): Value {
  return g.node('Unsqueeze', x.type, [1, ...x.shape], { inputs: [x, g.ints([0])] });
}

export function transpose(g: GraphBuilder, x: Value, order: readonly number[]): Value {
  const shape = order.map((axis) => x.shape[axis] ?? 1);
  return g.node('Transpose', x.type, shape, { inputs: [x], attributes: { perm: order } });
}

export function concat(g: GraphBuilder, parts: readonly Value[], axis: number, size: Dim): Value {
  const [first] = parts;
  const shape = (first?.shape ?? []).map((dim, i) => (i === axis ? size : dim));
  return g.node('Concat', first?.type ?? 'f32', shape, { inputs: parts, attributes: { axis } });
}

/** x[.., start:end, ..] along one axis; start and end are int64 tensors of one element. */
export function slice(g: GraphBuilder, x: Value, start: Value, end: Value, axis: number, size: Dim): Value {
  const shape = x.shape.map((dim, i) => (i === axis ? size : dim));
  return g.node('Slice', x.type, shape, { inputs: [x, start, end, g.ints([axis])] });
}

/** Zeros below and to the right of a picture [B, C, H, W]. */
export function padBottomRight(g: GraphBuilder, x: Value, rows: Dim, columns: Dim): Value {
  const [b = 1, c = 1] = x.shape;
  return g.node('Pad', x.type, [b, c, rows, columns], {
    inputs: [x, g.ints([0, 0, 0, 0, 0, 0, 1, 1])],
    attributes: { mode: 'constant' },
  });
}

/** `pads` before and then after each axis, filled with `value` (a scalar); `shape` is what the result has. */
export function padWith(
  g: GraphBuilder,
  x: Value,
  pads: readonly number[],
  value: Value,
  shape: readonly Dim[],
): Value {
  return g.node('Pad', x.type, shape, { inputs: [x, g.ints(pads), value], attributes: { mode: 'constant' } });
}

/** What lies between two corners of x and is a multiple of `step` from the first. */
export interface Cut {
  readonly axes: readonly number[];
  /** Left out at the start of each axis, and at its end. */
  readonly before: readonly number[];
  readonly after: readonly number[];
  readonly step: number;
}

/** `shape` is what the result has. */
export function trim(g: GraphBuilder, x: Value, cut: Cut, shape: readonly Dim[]): Value {
  const ends = cut.after.map((count) => (count === 0 ? BEYOND_THE_END : -count));
  const steps = cut.axes.map(() => cut.step);
  return g.node('Slice', x.type, shape, {
    inputs: [x, g.ints(cut.before), g.ints(ends), g.ints(cut.axes), g.ints(steps)],
  });
}

/** Slice takes any end past the last element for that. */
const BEYOND_THE_END = 2 ** 31 - 1;

/** Nearest-neighbour resize of [B, C, H, W] to `size` = int64 [2] (H, W), as torch's interpolate does it. */
export function resizeNearest(g: GraphBuilder, x: Value, size: Value, rows: Dim, columns: Dim): Value {
  const [b = 1, c = 1] = x.shape;
  return g.node('Resize', x.type, [b, c, rows, columns], {
    inputs: [x, undefined, undefined, size],
    attributes: {
      mode: 'nearest',
      nearest_mode: 'floor',
      coordinate_transformation_mode: 'asymmetric',
      axes: [2, 3],
    },
  });
}
