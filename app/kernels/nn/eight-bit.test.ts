import { afterAll, describe, expect, it } from 'vitest';
import { createSession, type NamedTensor, type Session } from '#engine/session.ts';
import { parseModel } from '#tests/onnx-model.ts';
import { expectClose, ofLargest } from '#tests/expect-close.ts';
import { randomValues } from '#tests/random-values.ts';
import { GraphBuilder, type Value } from '../graph/builder.ts';
import { gemm } from '../graph/ops/math.ts';
import { conv, type ConvOptions } from '../graph/ops/nn.ts';
import { cpuTarget } from '../graph/target.ts';
import { conv8, linear8 } from './eight-bit.ts';
import { product } from './linear.ts';

/** Of the largest value: 8 bits are off by 1/510 of a range in each factor, and errors average out over a sum. */
const SHARE = 0.02;

const noWeights = { get: () => undefined, names: () => [] };
const int8 = { ...cpuTarget, products: 'int8' } as const;

const sessions: Session[] = [];
afterAll(async () => {
  for (const session of sessions) await session.release();
});

async function run(g: GraphBuilder, feeds: Record<string, NamedTensor>, outputs: readonly string[]) {
  const session = await createSession(g.build('eight-bit'), '.');
  sessions.push(session);
  return session.run(feeds, outputs);
}

function constant(g: GraphBuilder, seed: number, shape: readonly number[]): Value {
  return g.floats(
    [
      ...randomValues(
        seed,
        shape.reduce((a, b) => a * b),
      ),
    ],
    shape,
  );
}

async function bothConvolutions(
  [batch, channels, h, w]: readonly [number, number, number, number],
  kernel: number,
  options: ConvOptions,
) {
  const g = new GraphBuilder(noWeights);
  const x = g.input('x', 'f32', ['batch', channels, 'h', 'w']);
  const weights = constant(g, 2, [40, channels, kernel, kernel]);
  const bias = constant(g, 3, [40]);
  g.output('float', conv(g, x, weights, bias, options));
  g.output('int8', conv8(g, x, weights, bias, options));
  const data = randomValues(1, batch * channels * h * w).map((value) => value * 3 + 1);
  const results = await run(g, { x: { data, shape: [batch, channels, h, w] } }, ['float', 'int8']);
  return { float: numbers(results['float']), int8: numbers(results['int8']) };
}

function numbers(tensor: NamedTensor | undefined) {
  if (!(tensor?.data instanceof Float32Array)) throw new TypeError('There is no such float32 output.');
  return { data: tensor.data, shape: tensor.shape };
}

describe('a convolution of 8-bit numbers', () => {
  it.each<[string, number, ConvOptions]>([
    ['3×3', 3, {}],
    ['1×1', 1, {}],
    ['3×3 in steps of 2', 3, { stride: 2, size: ['h2', 'w2'] }],
    [
      '3×3 with a border below and to the right alone',
      3,
      { stride: 2, pads: [0, 0, 1, 1], size: ['h2', 'w2'] },
    ],
  ])('gives what the float32 one gives, on an odd grid and a batch: %s', async (_, kernel, options) => {
    const { float, int8: bytes } = await bothConvolutions([2, 33, 7, 10], kernel, options);
    expect(bytes.shape).toEqual(float.shape);
    expectClose(bytes, float, ofLargest(float.data, SHARE));
  });
});

describe('a linear layer of 8-bit numbers', () => {
  async function bothProducts(weights: (g: GraphBuilder) => Value, rows: number) {
    const g = new GraphBuilder(noWeights);
    const x = g.input('x', 'f32', ['rows', 48]);
    const w = weights(g);
    const bias = constant(g, 5, [36]);
    g.output('float', gemm(g, x, w, bias));
    g.output('int8', linear8(g, x, w, bias));
    const feeds = { x: { data: randomValues(6, rows * 48), shape: [rows, 48] } };
    const results = await run(g, feeds, ['float', 'int8']);
    return { float: numbers(results['float']), int8: numbers(results['int8']) };
  }

  it('gives what the float32 one gives', async () => {
    const { float, int8: bytes } = await bothProducts((g) => constant(g, 4, [36, 48]), 50);
    expectClose(bytes, float, ofLargest(float.data, SHARE));
  });

  it('scales every row of the weights by itself, and gives the bias alone for a row of zeros', async () => {
    const small = (value: number, i: number) => (i < 48 ? 0 : value * (i < 96 ? 1e-4 : 1));
    const values = randomValues(4, 36 * 48).map(small);
    const { float, int8: bytes } = await bothProducts((g) => g.floats([...values], [36, 48]), 50);
    const column = (of: Float32Array, n: number) => of.filter((_, i) => i % 36 === n);
    for (const n of [0, 1, 2]) {
      const bias = randomValues(5, 36)[n] ?? NaN;
      const [want, got] = [float, bytes].map(({ data }) => column(data, n).map((value) => value - bias));
      expectClose(got ?? [], want ?? [], { atol: SHARE * (n === 0 ? 0 : n === 1 ? 1e-3 : 5), rtol: 0 });
    }
  });
});

describe('which products are of 8-bit numbers', () => {
  function operators(target: typeof cpuTarget, rows: number | string, width: number): string[] {
    const g = new GraphBuilder(noWeights, target);
    const x = g.input('x', 'f32', [rows, width]);
    g.output('y', product(g, x, constant(g, 1, [64, width]), constant(g, 2, [64])));
    return parseModel(g.build('which')).graph.node.map(({ opType }) => opType);
  }

  it('none in a graph that computes in float', () => {
    expect(operators(cpuTarget, 'rows', 64)).toEqual(['Gemm', 'Identity']);
  });

  it('all but single rows and narrow layers in one that does not', () => {
    expect(operators(int8, 'rows', 64)).toContain('MatMulIntegerToFloat');
    expect(operators(int8, 1, 64)).toEqual(['Gemm', 'Identity']);
    expect(operators(int8, 'rows', 16)).toEqual(['Gemm', 'Identity']);
  });
});
