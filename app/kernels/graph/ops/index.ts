import type { Dim } from '#kernels/onnx/proto.ts';
import type { GraphBuilder, Value } from '../builder.ts';

/** Rows of x along `axis` picked by `indices` (any rank). */
export function gather(g: GraphBuilder, x: Value, indices: Value, axis = 0): Value {
  const shape = [...x.shape.slice(0, axis), ...indices.shape, ...x.shape.slice(axis + 1)];
  return g.node('Gather', x.type, shape, { inputs: [x, indices], attributes: { axis } });
}

/** x [B, S, K, W], indices [B, S, 1] → x[b, s, indices[b, s]] as [B, S, W]. */
export function gatherBatched(g: GraphBuilder, x: Value, indices: Value): Value {
  const [batch = 1, rows = 1, , width = 1] = x.shape;
  return g.node('GatherND', x.type, [batch, rows, width], {
    inputs: [x, indices],
    attributes: { batch_dims: 2 },
  });
}

/** result[b, i] = x[b, indices[b, i]]. */
export function gatherElements(g: GraphBuilder, x: Value, indices: Value, axis: number): Value {
  return g.node('GatherElements', x.type, indices.shape, { inputs: [x, indices], attributes: { axis } });
}

/** x with x[b, indices[b, i]] = updates[b, i]. */
export function scatterElements(
  g: GraphBuilder,
  x: Value,
  indices: Value,
  updates: Value,
  axis: number,
): Value {
  return g.node('ScatterElements', x.type, x.shape, { inputs: [x, indices, updates], attributes: { axis } });
}

/** x [R, ..] with updates [K, ..] added to rows indices [K, 1]; a row named twice gets both. */
export function scatterAddRows(g: GraphBuilder, x: Value, indices: Value, updates: Value): Value {
  return g.node('ScatterND', x.type, x.shape, {
    inputs: [x, indices, updates],
    attributes: { reduction: 'add' },
  });
}

/** All of x [.., K] in falling order along the last axis: the order's indices. `k` is an int64 tensor [1]. */
export function sortDescending(g: GraphBuilder, x: Value, k: Value, size: Dim): Value {
  const shape = [...x.shape.slice(0, -1), size];
  const [, indices] = g.nodes(
    'TopK',
    [
      { type: x.type, shape },
      { type: 'i64', shape },
    ],
    { inputs: [x, k], attributes: { axis: -1, largest: 1, sorted: 1 } },
  );
  if (indices === undefined) throw new TypeError('TopK made no indices.');
  return indices;
}

/** Index of the largest value along the last axis, which stays as size 1 or goes; the first of equals. */
export function argMaxLast(g: GraphBuilder, x: Value, axis: 'stays' | 'goes' = 'stays'): Value {
  const kept = axis === 'stays' ? [1] : [];
  return g.node('ArgMax', 'i64', [...x.shape.slice(0, -1), ...kept], {
    inputs: [x],
    attributes: { axis: -1, keepdims: kept.length, select_last_index: 0 },
  });
}

/** Largest value along the last axis, which goes. */
export function reduceMaxLast(g: GraphBuilder, x: Value): Value {
  return reduceMax(g, x, [x.shape.length - 1]);
}

const reduced = (op: string) => (g: GraphBuilder, x: Value, axes: readonly number[]) => {
  const shape = x.shape.filter((_, axis) => !axes.includes(axis));
  return g.node(op, x.type, shape, { inputs: [x, g.ints(axes)], attributes: { keepdims: 0 } });
};

/** Largest value along `axes`, which go. */
export const reduceMax = reduced('ReduceMax');
/** Smallest value along `axes`, which go. */
export const reduceMin = reduced('ReduceMin');
