import type { Dim, GraphProto } from '#kernels/onnx/proto.ts';
import type { GraphBuilder, Value } from '../builder.ts';
import { gather } from './index.ts';
import { concat, unsqueezeFirst } from './shape.ts';

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

/** A device has no loops: there the parts are this many, and every one has nodes of its own. */
export const unrolledParts = 4;

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
  if (g.target.operators === 'device') return unrolled(g, xs, each);
  const [parts = 1] = xs[0].shape;
  const own = xs.map(({ type, shape }) => ({ type, shape: shape.slice(1) }));
  const body = g.body('part', own, each);
  const stacked = results.map((result) => ({
    type: result.type,
    shape: [parts, ...result.shape] as readonly Dim[],
  }));
  return g.nodes('Scan', stacked, { inputs: xs, attributes: { body, num_scan_inputs: xs.length } });
}

function unrolled(
  g: GraphBuilder,
  xs: readonly Value[],
  each: (...part: Value[]) => readonly Value[],
): Value[] {
  const found = Array.from({ length: unrolledParts }, (_, i) =>
    each(...xs.map((x) => gather(g, x, g.ints([i], [])))).map((value) => unsqueezeFirst(g, value)),
  );
  return (found[0] ?? []).map((_, output) =>
    concat(
      g,
      found.flatMap((values) => values[output] ?? []),
      0,
      unrolledParts,
    ),
  );
}
