import type { Dim } from '#kernels/onnx/proto.ts';
import type { GraphBuilder, Value } from '../builder.ts';
import { gather, gatherElements } from './index.ts';
import { cast } from './math.ts';
import { slice } from './shape.ts';

/**
 * Row numbers (int32) and what is taken of them. A device takes parts of floats only, so there numbers go as floats for
 * that while: exact below 2²⁴, and no batch has as many rows.
 */
function takeFrom(g: GraphBuilder, numbers: Value, take: (numbers: Value) => Value): Value {
  if (g.target.operators === 'host') return take(numbers);
  return cast(g, take(cast(g, numbers, 'f32')), 'i32');
}

/** numbers[.., start:end, ..] along one axis. */
export function sliceNumbers(
  g: GraphBuilder,
  numbers: Value,
  start: Value,
  end: Value,
  axis: number,
  size: Dim,
): Value {
  return takeFrom(g, numbers, (x) => slice(g, x, start, end, axis, size));
}

/** result[b, i] = numbers[b, indices[b, i]]. */
export function pickNumbers(g: GraphBuilder, numbers: Value, indices: Value, axis: number): Value {
  return takeFrom(g, numbers, (x) => gatherElements(g, x, indices, axis));
}

/** int64 indices as int32. `counted` is int32 [K]: 0, 1, 2, …, above every index; a device looks them up in it, having no cast. */
export function narrow(g: GraphBuilder, indices: Value, counted: () => Value): Value {
  return g.target.operators === 'host' ? cast(g, indices, 'i32') : gather(g, counted(), indices);
}
