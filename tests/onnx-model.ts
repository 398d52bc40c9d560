import { fromBinary } from '@bufbuild/protobuf';
import {
  ModelProtoSchema,
  type GraphProto,
  type ModelProto,
  type NodeProto,
  type TensorProto,
} from '#kernels/onnx/schema/onnx_pb.js';
import type { WeightRange, WeightSource } from '#kernels/onnx/weights.ts';

/** What tests read off the bytes of a model. */
export function parseModel(bytes: Uint8Array): ModelProto & { readonly graph: GraphProto } {
  const model = fromBinary(ModelProtoSchema, bytes);
  const { graph } = model;
  if (graph === undefined) throw new TypeError('The model has no graph.');
  return { ...model, graph };
}

/** Every node of a graph and of the branches inside it, in running order. */
export function allNodes(graph: GraphProto): NodeProto[] {
  return graph.node.flatMap((node) => [
    node,
    ...node.attribute.flatMap(({ g }) => (g === undefined ? [] : allNodes(g))),
  ]);
}

/** Where the bytes of an initializer lie. */
export function externalData(tensor: TensorProto): Record<string, string> {
  return Object.fromEntries(tensor.externalData.map(({ key, value }) => [key, value]));
}

/** A file that has every tensor of a layout, in half precision, one after the other. */
export function layoutSource(
  shapes: Iterable<readonly [string, readonly number[]]>,
  file = 'model.safetensors',
): WeightSource {
  const ranges = new Map<string, WeightRange>();
  let offsetBytes = 0;
  for (const [name, shape] of shapes) {
    const sizeBytes = 2 * shape.reduce((product, size) => product * size, 1);
    ranges.set(name, { file, offsetBytes, sizeBytes, dtype: 'F16', shape });
    offsetBytes += sizeBytes;
  }
  return { get: (name) => ranges.get(name), names: () => ranges.keys() };
}
