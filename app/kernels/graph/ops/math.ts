import { dataTypeNumber, type Dim, type ElementType } from '#kernels/onnx/proto.ts';
import type { GraphBuilder, Value } from '../builder.ts';
import { transpose } from './shape.ts';

/** The shape of an elementwise result: the longer operand's, sizes of 1 stretched. */
function broadcast(a: readonly Dim[], b: readonly Dim[]): readonly Dim[] {
  const [long, short] = a.length >= b.length ? [a, b] : [b, a];
  const lead = long.length - short.length;
  return long.map((dim, i) => {
    const other = short[i - lead];
    return i < lead || other === undefined || dim !== 1 ? dim : other;
  });
}

const elementwise = (op: string) => (g: GraphBuilder, a: Value, b: Value) =>
  g.node(op, a.type, broadcast(a.shape, b.shape), { inputs: [a, b] });

export const add = elementwise('Add');
export const sub = elementwise('Sub');
export const mul = elementwise('Mul');
export const div = elementwise('Div');
export const min = elementwise('Min');
export const max = elementwise('Max');

const unary = (op: string) => (g: GraphBuilder, x: Value) => g.node(op, x.type, x.shape, { inputs: [x] });

export const neg = unary('Neg');
export const sigmoid = unary('Sigmoid');
export const sin = unary('Sin');
export const cos = unary('Cos');
/** Exact (erf) GELU. */
export const gelu = unary('Gelu');

export function cast(g: GraphBuilder, x: Value, type: ElementType): Value {
  if (x.type === type) return x;
  return g.node('Cast', type, x.shape, { inputs: [x], attributes: { to: dataTypeNumber(type) } });
}

/** a ≥ b, bool. */
export function atLeast(g: GraphBuilder, a: Value, b: Value): Value {
  return g.node('GreaterOrEqual', 'bool', broadcast(a.shape, b.shape), { inputs: [a, b] });
}

/** Sums along the last axis, which goes. */
export function reduceSumLast(g: GraphBuilder, x: Value): Value {
  return g.node('ReduceSum', x.type, x.shape.slice(0, -1), {
    inputs: [x, g.ints([-1])],
    attributes: { keepdims: 0 },
  });
}

/** The mean along the last axis, which goes. */
export function reduceMeanLast(g: GraphBuilder, x: Value): Value {
  return g.node('ReduceMean', x.type, x.shape.slice(0, -1), {
    inputs: [x, g.ints([-1])],
    attributes: { keepdims: 0 },
  });
}

/** x·sigmoid(x); the runtime fuses the pair. */
export function silu(g: GraphBuilder, x: Value): Value {
  return mul(g, x, sigmoid(g, x));
}

/** x·sigmoid(1.702·x), the activation of OpenAI's CLIP. */
export function quickGelu(g: GraphBuilder, x: Value): Value {
  return mul(g, x, sigmoid(g, mul(g, x, g.floats([1.702], []))));
}

/** a [.., M, K] · bᵀ, b [.., N, K]; without a transposed copy of b where the runtime can. */
export function matMulTransposed(g: GraphBuilder, a: Value, b: Value): Value {
  const columns = b.shape.at(-2) ?? 1;
  if (g.target.operators === 'device') {
    const order = b.shape.map((_, i) => i);
    return matMul(g, a, transpose(g, b, [...order.slice(0, -2), order.length - 1, order.length - 2]));
  }
  return g.node('FusedMatMul', a.type, [...a.shape.slice(0, -1), columns], {
    inputs: [a, b],
    attributes: { transB: 1 },
    domain: 'com.microsoft',
  });
}

/** a [.., M, K] · b [.., K, N]. */
export function matMul(g: GraphBuilder, a: Value, b: Value): Value {
  return g.node('MatMul', a.type, [...a.shape.slice(0, -1), b.shape.at(-1) ?? 1], { inputs: [a, b] });
}

/** x [M, K] · wᵀ + b; w [N, K] as torch keeps it. */
export function gemm(g: GraphBuilder, x: Value, w: Value, b?: Value): Value {
  return g.node('Gemm', x.type, [x.shape[0] ?? 1, w.shape[0] ?? 1], {
    inputs: b === undefined ? [x, w] : [x, w, b],
    attributes: { transB: 1 },
  });
}
