import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EngineError } from '#contract/errors.ts';
import { GraphBuilder } from '#kernels/graph/builder.ts';
import { add, cast } from '#kernels/graph/ops/math.ts';
import { temporaryFolder } from '#tests/temporary.ts';
import { createSession, type Session } from './session.ts';

const runtime = { threads: 1 };
const noWeights = { get: () => undefined, names: () => [] };

/** float32, int64, int32 and bool in, and out again. */
function echo(): Uint8Array {
  const g = new GraphBuilder(noWeights);
  const x = g.input('x', 'f32', ['n', 2]);
  g.output('twice', add(g, x, x));
  g.output('longsOut', g.input('longs', 'i64', ['m']));
  g.output('intsOut', g.input('ints', 'i32', ['k']));
  g.output('flagsOut', g.input('flags', 'bool', ['b']));
  g.output('halves', cast(g, x, 'f16'));
  return g.build('echo');
}

const feeds = {
  x: { data: Float32Array.of(1, 2, 3, 4), shape: [2, 2] },
  longs: { data: BigInt64Array.of(2n ** 40n), shape: [1] },
  ints: { data: Int32Array.of(-5, 6), shape: [2] },
  flags: { data: Uint8Array.of(1, 0), shape: [2] },
};

/** A single weight [2], in a file of its own. */
function weightGraph(file: string, sizeBytes = 8, offsetBytes = 0): Uint8Array {
  const g = new GraphBuilder({
    get: () => ({ file, offsetBytes, sizeBytes, dtype: 'F32', shape: [2] }),
    names: () => ['w'],
  });
  g.output('wOut', g.weight('w', [2]));
  return g.build('weights');
}

/** ENGINE_FAILED, what failed in our words, and then in the runtime's. */
async function failure(promise: Promise<unknown>): Promise<EngineError> {
  const error: unknown = await promise.then(
    () => expect.fail('It went well.'),
    (reason: unknown) => reason,
  );
  if (!(error instanceof EngineError)) throw error;
  expect(error.code).toBe('ENGINE_FAILED');
  expect(error.cause).toBeInstanceOf(Error);
  const words = error.cause instanceof Error ? error.cause.message : '';
  expect(words).not.toBe('');
  expect(error.message).toContain(words);
  return error;
}

describe('running', () => {
  let session: Session;
  beforeAll(async () => {
    session = await createSession(echo(), '.', runtime);
  });
  afterAll(() => session.release());

  it('takes and gives plain typed arrays of every type in use', async () => {
    expect(await session.run(feeds, ['twice', 'longsOut', 'intsOut', 'flagsOut'])).toEqual({
      twice: { data: Float32Array.of(2, 4, 6, 8), shape: [2, 2] },
      longsOut: feeds.longs,
      intsOut: feeds.ints,
      flagsOut: feeds.flags,
    });
  });

  it('returns the outputs asked for and no others', async () => {
    expect(Object.keys(await session.run(feeds, ['intsOut']))).toEqual(['intsOut']);
  });

  it('takes another size at every run', async () => {
    const more = { ...feeds, x: { data: new Float32Array(10).fill(1), shape: [5, 2] } };
    expect((await session.run(more, ['twice']))['twice']?.shape).toEqual([5, 2]);
  });

  it.each([
    ['another rank', { ...feeds, x: { data: Float32Array.of(1, 2), shape: [2] } }],
    ['another fixed size', { ...feeds, x: { data: Float32Array.of(1, 2, 3), shape: [1, 3] } }],
    ['another type', { ...feeds, x: { data: BigInt64Array.of(1n, 2n), shape: [1, 2] } }],
    ['a shape that the data does not fill', { ...feeds, x: { data: Float32Array.of(1), shape: [2, 2] } }],
    ['a missing input', { x: feeds.x }],
  ])('refuses %s as ENGINE_FAILED, and runs on', async (_, wrong) => {
    const error = await failure(session.run(wrong, ['twice']));
    expect(error.message).toMatch(/^The model could not be run: /);
    expect(await session.run(feeds, ['intsOut'])).toEqual({ intsOut: feeds.ints });
  });

  it('refuses an output that the model does not have', async () => {
    const error = await failure(session.run(feeds, ['nothing']));
    expect(error.message).toContain('nothing');
  });

  it('refuses an output of a type that is not read here', async () => {
    await expect(session.run(feeds, ['halves'])).rejects.toMatchObject({
      code: 'ENGINE_FAILED',
      message: 'The model gave halves as float16, which is not read here.',
    });
  });
});

describe('loading', () => {
  it('refuses bytes that are no model, in the runtime’s words', async () => {
    const error = await failure(createSession(Uint8Array.of(1, 2, 3), '.', runtime));
    expect(error.message).toMatch(/^The model could not be loaded: /);
  });

  it('refuses a model that was cut short', async () => {
    await failure(createSession(echo().slice(0, -20), '.', runtime));
  });

  it('refuses an operator that the runtime does not have', async () => {
    const g = new GraphBuilder(noWeights);
    const x = g.input('x', 'f32', [1]);
    g.output('y', g.node('NoSuchOperator', 'f32', [1], { inputs: [x] }));
    const error = await failure(createSession(g.build('odd'), '.', runtime));
    expect(error.message).toContain('NoSuchOperator');
  });

  it('refuses sizes that do not fit together', async () => {
    const g = new GraphBuilder(noWeights);
    const [a, b] = [g.input('a', 'f32', [2]), g.input('b', 'f32', [3])];
    g.output('y', g.node('Add', 'f32', [3], { inputs: [a, b] }));
    await failure(createSession(g.build('odd'), '.', runtime));
  });

  it('reads weights as ranges of a file of the folder', async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, 'w.bin'), Buffer.from(Float32Array.of(9, 1.5, -2, 9).buffer));
    const session = await createSession(weightGraph('w.bin', 8, 4), folder, runtime);
    const { wOut } = await session.run({}, ['wOut']);
    expect(wOut).toEqual({ data: Float32Array.of(1.5, -2), shape: [2] });
    await session.release();
  });

  it.each([
    ['a file that is not there', 'absent.bin', 8, 0, /does not exist: .*absent\.bin/],
    ['a range behind the end of the file', 'w.bin', 8, 12, /out of bounds/],
    ['a range of another size than the tensor', 'w.bin', 4, 0, /size mismatch/],
    ['a file outside the folder', '../w.bin', 8, 0, /escapes model directory/],
  ])('refuses weights in %s', async (_, file, sizeBytes, offsetBytes, words) => {
    const folder = await temporaryFolder();
    await mkdir(join(folder, 'inner'));
    for (const place of [folder, join(folder, 'inner')])
      await writeFile(join(place, 'w.bin'), Buffer.alloc(16));
    const graph = weightGraph(file, sizeBytes, offsetBytes);
    const error = await failure(createSession(graph, join(folder, 'inner'), runtime));
    expect(error.message).toMatch(words);
  });
});
