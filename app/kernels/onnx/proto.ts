import { create, toBinary } from '@bufbuild/protobuf';
import {
  AttributeProto_AttributeType as AttributeType,
  AttributeProtoSchema,
  GraphProtoSchema,
  ModelProtoSchema,
  NodeProtoSchema,
  StringStringEntryProtoSchema,
  TensorProto_DataLocation as DataLocation,
  TensorProto_DataType as DataType,
  TensorProtoSchema,
  ValueInfoProtoSchema,
  type AttributeProto,
  type GraphProto,
  type NodeProto,
  type TensorProto,
  type ValueInfoProto,
} from './schema/onnx_pb.js';
import type { WeightDtype, WeightRange } from './weights.ts';

/** Opset 21 of ONNX: the newest whose operators all have CPU and WebGPU kernels in onnxruntime 1.30. IR 10 goes with it. */
const OPSET = 21;
const IR_VERSION = 10;
const MICROSOFT_OPSET = 1;

export type ElementType = 'f32' | 'f16' | 'bf16' | 'i64' | 'i32' | 'i8' | 'u8' | 'bool';
/** A size fixed at build time, or the name of one known only at run time. */
export type Dim = number | string;
export type Attribute = number | { readonly float: number } | string | readonly number[] | GraphProto;
export type { GraphProto, NodeProto, TensorProto };

const dataTypes: Record<ElementType, DataType> = {
  f32: DataType.FLOAT,
  f16: DataType.FLOAT16,
  bf16: DataType.BFLOAT16,
  i64: DataType.INT64,
  i32: DataType.INT32,
  i8: DataType.INT8,
  u8: DataType.UINT8,
  bool: DataType.BOOL,
};
export const weightTypes: Record<WeightDtype, ElementType> = { F32: 'f32', F16: 'f16', BF16: 'bf16' };

/** ONNX's number of an element type, as Cast's `to` wants it. */
export function dataTypeNumber(type: ElementType): number {
  return dataTypes[type];
}

export function valueInfo(name: string, type: ElementType, shape: readonly Dim[]): ValueInfoProto {
  const dim = shape.map((d) =>
    typeof d === 'number'
      ? { value: { case: 'dimValue' as const, value: BigInt(d) } }
      : { value: { case: 'dimParam' as const, value: d } },
  );
  return create(ValueInfoProtoSchema, {
    name,
    type: { value: { case: 'tensorType', value: { elemType: dataTypes[type], shape: { dim } } } },
  });
}

/** An initializer whose bytes stay in the checkpoint: file, offset and length of the range (ONNX external data). */
export function externalTensor(name: string, range: WeightRange): TensorProto {
  const entry = (key: string, value: string) => create(StringStringEntryProtoSchema, { key, value });
  return create(TensorProtoSchema, {
    name,
    dataType: dataTypes[weightTypes[range.dtype]],
    dims: range.shape.map(BigInt),
    dataLocation: DataLocation.EXTERNAL,
    externalData: [
      entry('location', range.file),
      entry('offset', String(range.offsetBytes)),
      entry('length', String(range.sizeBytes)),
    ],
  });
}

export function floatTensor(
  name: string,
  shape: readonly number[],
  data: Iterable<number>,
  type: 'f32' | 'f16' = 'f32',
): TensorProto {
  return create(TensorProtoSchema, {
    name,
    dataType: dataTypes[type],
    dims: shape.map(BigInt),
    // ONNX keeps the bits of half-precision numbers as whole ones.
    ...(type === 'f32'
      ? { floatData: [...data] }
      : { int32Data: [...new Uint16Array(Float16Array.from(data).buffer)] }),
  });
}

export function intTensor(name: string, shape: readonly number[], data: readonly number[]): TensorProto {
  return create(TensorProtoSchema, {
    name,
    dataType: DataType.INT64,
    dims: shape.map(BigInt),
    int64Data: data.map(BigInt),
  });
}

function attribute(name: string, value: Attribute): AttributeProto {
  if (typeof value === 'number')
    return create(AttributeProtoSchema, { name, type: AttributeType.INT, i: BigInt(value) });
  if (typeof value === 'string') {
    return create(AttributeProtoSchema, {
      name,
      type: AttributeType.STRING,
      s: new TextEncoder().encode(value),
    });
  }
  if (isInts(value))
    return create(AttributeProtoSchema, { name, type: AttributeType.INTS, ints: value.map(BigInt) });
  if ('float' in value)
    return create(AttributeProtoSchema, { name, type: AttributeType.FLOAT, f: value.float });
  return create(AttributeProtoSchema, { name, type: AttributeType.GRAPH, g: value });
}

function isInts(value: Attribute): value is readonly number[] {
  return Array.isArray(value);
}

export interface NodeSpec {
  readonly op: string;
  readonly name: string;
  /** `com.microsoft` for the runtime's own operators; empty for ONNX's. */
  readonly domain?: 'com.microsoft';
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes?: Readonly<Record<string, Attribute>>;
}

export function nodeProto(spec: NodeSpec): NodeProto {
  return create(NodeProtoSchema, {
    opType: spec.op,
    name: spec.name,
    domain: spec.domain ?? '',
    input: [...spec.inputs],
    output: [...spec.outputs],
    attribute: Object.entries(spec.attributes ?? {}).map(([name, value]) => attribute(name, value)),
  });
}

export interface GraphParts {
  readonly name: string;
  readonly nodes: NodeProto[];
  readonly initializers: TensorProto[];
  readonly inputs: ValueInfoProto[];
  readonly outputs: ValueInfoProto[];
}

export function graphProto(parts: GraphParts): GraphProto {
  return create(GraphProtoSchema, {
    name: parts.name,
    node: parts.nodes,
    initializer: parts.initializers,
    input: parts.inputs,
    output: parts.outputs,
  });
}

/** The model as bytes, ready for the runtime. Weights are not in it. */
export function serializeModel(graph: GraphProto): Uint8Array {
  const model = create(ModelProtoSchema, {
    irVersion: BigInt(IR_VERSION),
    producerName: 'tessera',
    opsetImport: [
      { domain: '', version: BigInt(OPSET) },
      { domain: 'com.microsoft', version: BigInt(MICROSOFT_OPSET) },
    ],
    graph,
  });
  return toBinary(ModelProtoSchema, model);
}
