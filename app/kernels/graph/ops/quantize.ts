import { dataTypeNumber } from '#kernels/onnx/proto.ts';
import type { GraphBuilder, Value } from '../builder.ts';

/** A tensor in 8 bits: it stands for (values − zero) · scale. */
export interface Quantized {
  /** u8, in x's shape. */
  readonly values: Value;
  /** f32, one for the whole tensor. */
  readonly scale: Value;
  /** u8; 0 is met exactly. */
  readonly zero: Value;
}

/** x in 8 bits, scaled by its own smallest and largest value in this run. */
export function quantizeAtRun(g: GraphBuilder, x: Value): Quantized {
  const scalar = { shape: [] };
  const outputs = [
    { type: 'u8', shape: x.shape },
    { type: 'f32', ...scalar },
    { type: 'u8', ...scalar },
  ] as const;
  const [values, scale, zero] = g.nodes('DynamicQuantizeLinear', outputs, { inputs: [x] });
  if (values === undefined || scale === undefined || zero === undefined)
    throw new TypeError('DynamicQuantizeLinear made fewer than three outputs.');
  return { values, scale, zero };
}

/** w [N, ..] as i8, w[n] in units of scales[n]. */
export function quantizeRows(g: GraphBuilder, w: Value, scales: Value): Value {
  return g.node('QuantizeLinear', 'i8', w.shape, {
    inputs: [w, scales],
    attributes: { axis: 0, output_dtype: dataTypeNumber('i8') },
  });
}

/**
 * a [.., K] · b [K, N] + bias [N] → float32 [.., N]; b is i8, each column in its own of `scales` [N].
 * Source: onnxruntime contrib operator com.microsoft.MatMulIntegerToFloat, docs/ContribOperators.md@v1.30.0.
 */
export function matMulQuantized(g: GraphBuilder, a: Quantized, b: Value, scales: Value, bias?: Value): Value {
  const shape = [...a.values.shape.slice(0, -1), b.shape[1] ?? 1];
  return g.node('MatMulIntegerToFloat', 'f32', shape, {
    inputs: [a.values, b, a.scale, scales, a.zero, undefined, ...(bias === undefined ? [] : [bias])],
    domain: 'com.microsoft',
  });
}
