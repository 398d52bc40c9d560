import { appendFile, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { RequestError } from '#contract/errors.ts';
import { describeMachine } from '../machine.ts';
import { figureName, type Figure, type Study } from '../results.ts';
import { openStore } from './store.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tessera-bench-test-'));
});
afterEach(() => rm(folder, { recursive: true }));

const times = { median: 2, min: 1, max: 3, count: 3 };
const figure = (ratio: number): Figure => ({ side: 'tessera', provider: 'cpu', ratio, times });
const key = { topic: 'block', sizePx: 512 } as const;
const study = (figures: readonly Figure[]): Study => ({
  key,
  title: 'Block',
  figures,
  sameWorkLimit: 1,
  notes: ['A note.'],
});
const names = [0, 0.5].map((ratio) => figureName(figure(ratio)));
const here = { machine: await describeMachine(), versions: { node: '24' } };

test('what is added is read again, whole, by another run', async () => {
  await (await openStore(folder)).add({ study: study([figure(0)]), ...here });
  const [record] = await (await openStore(folder)).read();
  expect(record).toMatchObject({ study: study([figure(0)]), ...here });
  expect(Date.parse(record?.at ?? '')).not.toBeNaN();
});

test('a folder that is not there yet is empty', async () => {
  expect(await (await openStore(join(folder, 'none'))).read()).toEqual([]);
});

test('a study is held when it has every figure that is wanted, on this machine', async () => {
  const store = await openStore(folder);
  await store.add({ study: study([figure(0)]), ...here });
  expect(await store.held(key, names)).toBeUndefined();
  await store.add({ study: study([figure(0), figure(0.5)]), ...here, machine: { processor: 'another' } });
  expect(await store.held(key, names)).toBeUndefined();
  await store.add({ study: study([figure(0), figure(0.5)]), ...here });
  expect((await store.held(key, names))?.figures).toHaveLength(2);
  expect(await store.held({ ...key, sizePx: 768 }, names)).toBeUndefined();
});

test('a study in which something failed is measured again', async () => {
  const store = await openStore(folder);
  await store.add({ study: study([figure(0), { ...figure(0.5), failure: 'no room' }]), ...here });
  expect(await store.held(key, names)).toBeUndefined();
  expect(await store.held(key, [])).toBeUndefined();
});

test('a line that is no study is named by its file and number', async () => {
  const store = await openStore(folder);
  await store.add({ study: study([figure(0)]), ...here });
  await appendFile(join(folder, 'studies.jsonl'), '{"at":"2026-01-01"}\n');
  await expect(store.read()).rejects.toThrow(RequestError);
  await expect(store.read()).rejects.toThrow('studies.jsonl, line 2');
  await appendFile(join(folder, 'other.jsonl'), '{');
  await expect(store.read()).rejects.toThrow('other.jsonl, line 1');
  expect(await readFile(join(folder, 'studies.jsonl'), 'utf8')).toContain('2026-01-01');
});
