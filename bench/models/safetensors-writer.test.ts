import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readSafetensorsHeader, readTensor } from '#library/safetensors.ts';
import { createRandomWeights } from './random-weights.ts';
import { safetensorsHeader, writeFloats, writeSafetensors, type TensorSpec } from './safetensors-writer.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tessera-bench-test-'));
});
afterAll(() => rm(folder, { recursive: true }));

const layout: readonly TensorSpec[] = [
  { name: 'block.to_q.weight', dtype: 'F16', shape: [64, 400] },
  { name: 'block.norm1.weight', dtype: 'F16', shape: [3] },
  { name: 'block.norm1.bias', dtype: 'F16', shape: [5] },
  { name: 'token_embedding.weight', dtype: 'F16', shape: [50, 40] },
];

test('the header gives every tensor its place, one behind the other, and is aligned', () => {
  const header = safetensorsHeader(layout);
  const length = Number(header.readBigUInt64LE(0));
  expect(length + 8).toBe(header.length);
  expect(header.length % 8).toBe(0);
  expect(JSON.parse(header.toString('utf8', 8))).toEqual({
    'block.to_q.weight': { dtype: 'F16', shape: [64, 400], data_offsets: [0, 51_200] },
    'block.norm1.weight': { dtype: 'F16', shape: [3], data_offsets: [51_200, 51_206] },
    'block.norm1.bias': { dtype: 'F16', shape: [5], data_offsets: [51_206, 51_216] },
    'token_embedding.weight': { dtype: 'F16', shape: [50, 40], data_offsets: [51_216, 55_216] },
  });
});

test('a name given twice is refused', () => {
  const one: TensorSpec = { name: 'a', dtype: 'F32', shape: [1] };
  expect(() => safetensorsHeader([one, one])).toThrow('given twice');
});

test('random weights read back with the scale that each tensor should have', async () => {
  const path = join(folder, 'tiny.safetensors');
  await writeSafetensors(path, layout, createRandomWeights(1));
  const file = await readSafetensorsHeader(path);
  expect([...file.tensors.keys()]).toEqual(layout.map(({ name }) => name));
  const values = async (name: string) => Float32Array.from((await readTensor(file, name)).data as Float32Array);
  expect([...(await values('block.norm1.weight'))]).toEqual([1, 1, 1]);
  expect([...(await values('block.norm1.bias'))]).toEqual([0, 0, 0, 0, 0]);
  expect(deviation(await values('block.to_q.weight'))).toBeCloseTo(1 / Math.sqrt(400), 3);
  expect(deviation(await values('token_embedding.weight'))).toBeCloseTo(0.02, 2);
});

test('a tensor with too few bytes is refused', async () => {
  const path = join(folder, 'short.safetensors');
  await expect(writeSafetensors(path, layout, () => [new Uint8Array(4)])).rejects.toThrow('but 4 were given');
});

test('floats come back as they were', async () => {
  const path = join(folder, 'floats.safetensors');
  await writeFloats(path, { output: { data: Float32Array.of(1.5, -2, 1e-8), shape: [3] } });
  const { data, shape } = await readTensor(await readSafetensorsHeader(path), 'output');
  expect(shape).toEqual([3]);
  expect(data).toEqual(Float32Array.of(1.5, -2, 1e-8));
  expect((await stat(path)).size % 4).toBe(0);
});

function deviation(values: Float32Array): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
}
