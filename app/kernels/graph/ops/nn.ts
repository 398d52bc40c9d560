import type { Dim } from '#kernels/onnx/proto.ts';
import type { GraphBuilder, Value } from '../builder.ts';

export interface ConvOptions {
  readonly stride?: number;
  /** top, left, bottom, right */
  readonly pads?: readonly [number, number, number, number];
  /** Height and width of the result, where they differ from the input's. */
  readonly size?: readonly [Dim, Dim];
}

/** x [B, C, H, W], w [O, C, k, k], b [O] → [B, O, H', W']. */
export function conv(g: GraphBuilder, x: Value, w: Value, b: Value, options: ConvOptions = {}): Value {
  const [batch = 1, , rows = 1, columns = 1] = x.shape;
  const [out = 1, , k = 1] = w.shape;
  const kernel = Number(k);
  const pad = Math.floor(kernel / 2);
  const stride = options.stride ?? 1;
  return g.node('Conv', x.type, [batch, out, ...(options.size ?? [rows, columns])], {
    inputs: [x, w, b],
    attributes: {
      kernel_shape: [kernel, kernel],
      strides: [stride, stride],
      pads: options.pads ?? [pad, pad, pad, pad],
    },
  });
}

/** Over the last axis. */
export function layerNorm(g: GraphBuilder, x: Value, scale: Value, bias: Value, epsilon: number): Value {
  return g.node('LayerNormalization', x.type, x.shape, {
    inputs: [x, scale, bias],
    attributes: { axis: -1, epsilon: { float: epsilon } },
  });
}

/** x [B, C, ..]: every channel of every sample to mean 0 and variance 1, then scale and bias [C]. */
export function instanceNorm(g: GraphBuilder, x: Value, scale: Value, bias: Value, epsilon: number): Value {
  return g.node('InstanceNormalization', x.type, x.shape, {
    inputs: [x, scale, bias],
    attributes: { epsilon: { float: epsilon } },
  });
}

export interface AttentionOptions {
  readonly headCount: number;
  /** A position sees itself and what stands before it. */
  readonly causal?: boolean;
}

/**
 * The runtime's fused attention: q [B, N, C], k and v [B, M, C] → [B, N, C], scaled by 1/√(C / heads).
 * Source: onnxruntime contrib operator com.microsoft.MultiHeadAttention, docs/ContribOperators.md@v1.30.0.
 */
export function multiHeadAttention(
  g: GraphBuilder,
  q: Value,
  k: Value,
  v: Value,
  options: AttentionOptions,
): Value {
  return g.node('MultiHeadAttention', q.type, q.shape, {
    inputs: [q, k, v],
    attributes: { num_heads: options.headCount, unidirectional: options.causal === true ? 1 : 0 },
    domain: 'com.microsoft',
  });
}

/** Over the last axis. */
export function softmaxLast(g: GraphBuilder, x: Value): Value {
  return g.node('Softmax', x.type, x.shape, { inputs: [x], attributes: { axis: -1 } });
}

/** x / ‖x‖₂ over the last axis. */
export function l2Normalize(g: GraphBuilder, x: Value): Value {
  return g.node('LpNormalization', x.type, x.shape, { inputs: [x], attributes: { axis: -1, p: 2 } });
}
