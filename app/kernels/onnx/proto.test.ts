import { describe, expect, it } from 'vitest';
import { parseModel } from '#tests/onnx-model.ts';
import {
  externalTensor,
  floatTensor,
  graphProto,
  intTensor,
  nodeProto,
  serializeModel,
  valueInfo,
} from './proto.ts';
import {
  AttributeProto_AttributeType as AttributeType,
  TensorProto_DataType as DataType,
} from './schema/onnx_pb.js';

const empty = { nodes: [], initializers: [], inputs: [], outputs: [] };

describe('serializeModel', () => {
  it('writes opset 21 and the runtime’s own, IR 10', () => {
    const model = parseModel(serializeModel(graphProto({ name: 'empty', ...empty })));
    expect(model.opsetImport.map(({ domain, version }) => [domain, version])).toEqual([
      ['', 21n],
      ['com.microsoft', 1n],
    ]);
    expect([model.irVersion, model.producerName]).toEqual([10n, 'tessera']);
  });

  it('keeps every kind of attribute', () => {
    const inner = graphProto({ name: 'inner', ...empty });
    const node = nodeProto({
      op: 'Anything',
      name: 'n',
      domain: 'com.microsoft',
      inputs: ['a', '', 'b'],
      outputs: ['c'],
      attributes: { int: -3, float: { float: 0.5 }, text: 'né', ints: [1, 2], none: [], branch: inner },
    });
    const { graph } = parseModel(serializeModel(graphProto({ name: 'outer', ...empty, nodes: [node] })));
    const [read] = graph.node;
    expect(read).toMatchObject({ opType: 'Anything', domain: 'com.microsoft', input: ['a', '', 'b'] });
    const by = Object.fromEntries((read?.attribute ?? []).map((one) => [one.name, one]));
    expect(by['int']).toMatchObject({ type: AttributeType.INT, i: -3n });
    expect(by['float']).toMatchObject({ type: AttributeType.FLOAT, f: 0.5 });
    expect(new TextDecoder().decode(by['text']?.s)).toBe('né');
    expect(by['text']?.type).toBe(AttributeType.STRING);
    expect(by['ints']).toMatchObject({ type: AttributeType.INTS, ints: [1n, 2n] });
    expect(by['none']).toMatchObject({ type: AttributeType.INTS, ints: [] });
    expect(by['branch']?.g?.name).toBe('inner');
  });

  it('keeps tensors and sizes, fixed and named', () => {
    const initializers = [
      floatTensor('f', [2], [0.5, -1]),
      intTensor('i', [1, 2], [2 ** 40, -1]),
      externalTensor('w', { file: 'm', offsetBytes: 2 ** 33, sizeBytes: 8, dtype: 'BF16', shape: [2, 2] }),
    ];
    const inputs = [valueInfo('x', 'i64', ['batch', 3]), valueInfo('on', 'bool', [])];
    const { graph } = parseModel(serializeModel(graphProto({ name: 'g', ...empty, initializers, inputs })));
    expect(graph.initializer.map(({ name, dataType, dims }) => [name, dataType, dims])).toEqual([
      ['f', DataType.FLOAT, [2n]],
      ['i', DataType.INT64, [1n, 2n]],
      ['w', DataType.BFLOAT16, [2n, 2n]],
    ]);
    expect(graph.initializer[0]?.floatData).toEqual([0.5, -1]);
    expect(graph.initializer[1]?.int64Data).toEqual([2n ** 40n, -1n]);
    expect(graph.initializer[2]?.externalData.map(({ key, value }) => [key, value])).toEqual([
      ['location', 'm'],
      ['offset', '8589934592'],
      ['length', '8'],
    ]);
    const types = graph.input.map(({ type }) => type?.value);
    expect(types[0]).toMatchObject({ case: 'tensorType', value: { elemType: DataType.INT64 } });
    const dims = types[0]?.case === 'tensorType' ? types[0].value.shape?.dim.map(({ value }) => value) : [];
    expect(dims).toEqual([
      { case: 'dimParam', value: 'batch' },
      { case: 'dimValue', value: 3n },
    ]);
    expect(types[1]).toMatchObject({ value: { elemType: DataType.BOOL } });
  });
});
