import type { Dim, GraphProto } from '#kernels/onnx/proto.ts';
import type { GraphBuilder, Value } from '../builder.ts';

/** One branch or the other, chosen at run time; the other does no work. Both return values of `like`'s types and shapes. */
export function ifElse(
  g: GraphBuilder,
  condition: Value,
  like: readonly Omit<Value, 'name'>[],
  then: () => readonly Value[],
  otherwise: () => readonly Value[],
): Value[] {
  const thenBranch: GraphProto = g.subgraph('then', then);
  const elseBranch: GraphProto = g.subgraph('else', otherwise);
  return g.nodes('If', like, {
    inputs: [condition],
    attributes: { then_branch: thenBranch, else_branch: elseBranch },
  });
}

/**
 * Runs `each` on the parts of every x [parts, ..] one after another, so that only one part's working memory is alive at a
 * time, and stacks what it returns: [parts, ..] each. The number of parts is a run-time size.
 */
export function forEachPart(
  g: GraphBuilder,
  xs: readonly [Value, ...Value[]],
  results: readonly Omit<Value, 'name'>[],
  each: (...part: Value[]) => readonly Value[],
): Value[] {
  const [parts = 1] = xs[0].shape;
  const own = xs.map(({ type, shape }) => ({ type, shape: shape.slice(1) }));
  const body = g.body('part', own, each);
  const stacked = results.map((result) => ({
    type: result.type,
    shape: [parts, ...result.shape] as readonly Dim[],
  }));
  return g.nodes('Scan', stacked, { inputs: xs, attributes: { body, num_scan_inputs: xs.length } });
}
