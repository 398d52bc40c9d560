import { describe, expect, it } from 'vitest';
import { createSession } from '#engine/session.ts';
import { allNodes, externalData, layoutSource, parseModel } from '#tests/onnx-model.ts';
import { KernelError } from '../errors.ts';
import { TensorProto_DataLocation as DataLocation } from '../onnx/schema/onnx_pb.js';
import type { WeightSource } from '../onnx/weights.ts';
import { GraphBuilder } from './builder.ts';
import { add, cast, mul } from './ops/math.ts';
import { ifElse } from './ops/control.ts';

const source = layoutSource([
  ['first.weight', [2, 3]],
  ['second.weight', [4, 3, 1, 1]],
]);
const builder = (from: WeightSource = source) => new GraphBuilder(from);

/** Two scopes, a weight, constants, a branch: a little of everything. */
function sample(): GraphBuilder {
  const g = builder();
  const x = g.input('x', 'f32', ['rows', 3]);
  const doubled = g.scope('outer', () => g.scope('inner', () => add(g, mul(g, x, g.floats([2], [])), x)));
  const w = g.scope('outer', () => cast(g, g.weight('second.weight', [4, 3, 1, 1], { as: [4, 3] }), 'f32'));
  const on = g.input('on', 'bool', []);
  const [chosen] = g.scope('choice', () =>
    ifElse(
      g,
      on,
      [doubled],
      () => [add(g, doubled, g.floats([1], []))],
      () => [x],
    ),
  );
  g.output('y', chosen ?? doubled);
  g.output('w', w);
  return g;
}

describe('names', () => {
  it('are the same bytes for the same calls', () => {
    expect(sample().build('sample')).toEqual(sample().build('sample'));
  });

  it('say scope, operator and count', () => {
    const { graph } = parseModel(sample().build('sample'));
    expect(allNodes(graph).map(({ name }) => name)).toEqual([
      'outer/inner/Mul_0',
      'outer/inner/Add_0',
      'outer/Cast_0',
      'choice/If_0',
      'choice/then/Add_0',
      'choice/then/result_0_0',
      'choice/else/result_0_0',
      'y/Identity',
      'w/Identity',
    ]);
    expect(graph.name).toBe('sample');
    expect(graph.input.map(({ name }) => name)).toEqual(['x', 'on']);
    expect(graph.output.map(({ name }) => name)).toEqual(['y', 'w']);
  });

  it('leave a scope when its building fails', () => {
    const g = builder();
    expect(() => g.scope('broken', () => expect.fail('on purpose'))).toThrow('on purpose');
    const x = g.input('x', 'f32', [1]);
    expect(add(g, x, x).name).toBe('Add_0');
  });
});

describe('inputs and constants', () => {
  it('declares an input once', () => {
    const g = builder();
    expect(g.input('x', 'f32', [1])).toBe(g.input('x', 'f32', [1]));
    g.output('y', g.input('x', 'f32', [1]));
    expect(parseModel(g.build('once')).graph.input).toHaveLength(1);
  });

  it('shares equal constants, and tells apart type, shape and value', () => {
    const g = builder();
    const same = g.ints([1, 2]);
    expect(g.ints([1, 2])).toBe(same);
    const others = [g.ints([1, 2], [2, 1]), g.floats([1, 2]), g.ints([1, 3]), g.ints([12])];
    expect(new Set([same, ...others].map(({ name }) => name)).size).toBe(5);
    g.output('y', same);
    expect(parseModel(g.build('constants')).graph.initializer).toHaveLength(5);
  });

  it('makes a shared value once, but not inside a branch, where it would end', () => {
    const g = builder();
    const x = g.input('x', 'f32', [1]);
    const on = g.input('on', 'bool', []);
    const twice = () => g.once('twice', () => add(g, x, x));
    const branch = () =>
      ifElse(
        g,
        on,
        [x],
        () => [twice()],
        () => [x],
      );
    branch();
    const outside = twice();
    expect(twice()).toBe(outside);
    branch();
    g.output('y', outside);
    const adds = allNodes(parseModel(g.build('once')).graph).filter(({ opType }) => opType === 'Add');
    expect(adds).toHaveLength(2);
  });
});

describe('outputs', () => {
  it('refuses a second one of the same name', () => {
    const g = builder();
    const x = g.input('x', 'f32', [1]);
    g.output('y', x);
    expect(() => {
      g.output('y', x);
    }).toThrow(new KernelError('KERNEL_SHAPE', 'The graph already has an output y.'));
  });
});

describe('weights', () => {
  it('are ranges of the file, under the shape asked for', () => {
    const { graph } = parseModel(sample().build('sample'));
    const [weight] = graph.initializer.filter(({ name }) => name === 'second.weight');
    expect(weight?.dataLocation).toBe(DataLocation.EXTERNAL);
    expect(weight?.dims).toEqual([4n, 3n]);
    expect(weight && externalData(weight)).toEqual({
      location: 'model.safetensors',
      offset: '12',
      length: '24',
    });
    expect(weight?.rawData).toHaveLength(0);
    expect(weight?.floatData).toEqual([]);
  });

  it('can be read in equal parts along the first axis', () => {
    const g = builder();
    const part = (index: number) =>
      g.weight('second.weight', [4, 3, 1, 1], { as: [2, 3], part: { index, count: 2 } });
    const names = [part(0), part(1), part(0)].map(({ name }) => name);
    expect(names).toEqual(['second.weight[0/2]', 'second.weight[1/2]', 'second.weight[0/2]']);
    g.output('y', part(1));
    const ranges = parseModel(g.build('parts')).graph.initializer.map(externalData);
    expect(ranges.map(({ offset, length }) => [offset, length])).toEqual([
      ['12', '12'],
      ['24', '12'],
    ]);
  });

  it('that are missing or have another shape are all named, with what was expected and found', () => {
    const g = builder();
    g.weight('first.weight', [3, 2]);
    g.weight('second.weight', [4, 3]);
    g.weight('absent.bias', [4]);
    g.weight('absent.bias', [4]);
    const fine = g.weight('first.weight', [2, 3]);
    g.output('y', fine);
    expect(() => g.build('unet')).toThrow(
      new KernelError(
        'KERNEL_WEIGHTS',
        [
          'The weights do not fit the configuration of unet:',
          'first.weight: expected [3, 2], found [2, 3]',
          'second.weight: expected [4, 3], found [4, 3, 1, 1]',
          'absent.bias: expected [4], found nothing',
        ].join('\n'),
      ),
    );
  });

  it('are remembered by name and shape, found or not', () => {
    const g = builder();
    g.weight('second.weight', [4, 3, 1, 1], { as: [4, 3] });
    g.weight('absent.bias', [4]);
    expect([...g.requestedWeights]).toEqual([
      ['second.weight', [4, 3, 1, 1]],
      ['absent.bias', [4]],
    ]);
  });
});

describe('a branch', () => {
  it('is chosen at run time, and sees the values around it', async () => {
    const g = builder();
    const x = g.input('x', 'f32', ['n']);
    const doubled = add(g, x, x);
    const [y] = ifElse(
      g,
      g.input('on', 'bool', []),
      [x],
      () => [mul(g, doubled, doubled)],
      () => [doubled],
    );
    g.output('y', y ?? x);
    const session = await createSession(g.build('branch'), '.', { threads: 1 });
    const run = async (on: number) => {
      const feeds = {
        x: { data: Float32Array.of(1, 3), shape: [2] },
        on: { data: Uint8Array.of(on), shape: [] },
      };
      return (await session.run(feeds, ['y']))['y']?.data;
    };
    expect(await run(1)).toEqual(Float32Array.of(4, 36));
    expect(await run(0)).toEqual(Float32Array.of(2, 6));
    await session.release();
  });
});
