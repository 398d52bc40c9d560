import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as wait } from 'node:timers/promises';
import sharp from 'sharp';
import { expect, it, onTestFinished } from 'vitest';
import type { Generation } from '#contract/studio/generation.ts';
import { openDatabase } from '#history/db.ts';
import { openHistory } from '#history/open.ts';
import { randomValues } from '#tests/random-values.ts';
import { small, temporaryFolder } from './testing.ts';

/** A studio in a process of its own (testing-process.ts), and what it said. */
function startStudio(dataFolder: string, pictures: number) {
  const request = JSON.stringify({ ...small, steps: 6, count: pictures });
  const child = spawn(
    process.execPath,
    [join(import.meta.dirname, 'testing-process.ts'), dataFolder, String(pictures), request],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  onTestFinished(() => void child.kill('SIGKILL'));
  const heard: string[] = [];
  const lines = createInterface({ input: child.stdout });
  lines.on('line', (line) => heard.push(line));
  const until = (fits: (line: string) => boolean) =>
    expect.poll(() => heard.some(fits), { timeout: 60_000, interval: 10 }).toBe(true);
  return { child, heard, until };
}

async function kill(child: ChildProcess): Promise<void> {
  child.kill('SIGKILL');
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
}

/** The rows as the next start finds them; a picture that has its name is whole, and one that is said to be done is there. */
async function inspect(dataFolder: string): Promise<Generation[]> {
  const { store, pictures } = await openHistory({ folder: dataFolder });
  const { items } = store.page({ filter: {}, sort: 'oldest', limit: 500 });
  for (const { id, state, hasMaps } of items) {
    if (state !== 'done') continue;
    expect(existsSync(pictures.picture(store.pictureFile(id) ?? 'nothing'))).toBe(true);
    expect(hasMaps && pictures.hasMaps(id)).toBe(true);
  }
  for (const name of await pictures.list())
    expect((await sharp(pictures.picture(name)).raw().toBuffer()).length).toBe(64 * 64 * 3);
  const left = readdirSync(dataFolder, { recursive: true }).filter((name) => String(name).endsWith('.part'));
  expect(left).toEqual([]);
  store.close();
  return items;
}

it('loses no row, shows no half picture and goes on, whenever it is killed', async () => {
  const dataFolder = temporaryFolder();
  const pictures = 8;
  const delaysMs = [...randomValues(20260131, 6)].map((value) => (value + 1) * 1250);
  for (const [round, delayMs] of delaysMs.entries()) {
    const { child, until } = startStudio(dataFolder, round === 0 ? pictures : 0);
    await until((line) => line === 'submitted');
    await wait(delayMs);
    await kill(child);
    const rows = await inspect(dataFolder);
    expect(rows.map(({ request }) => request.seed)).toEqual(
      Array.from({ length: pictures }, (_, i) => 1 + i),
    );
    expect(rows.filter(({ state }) => state === 'running').length).toBeLessThanOrEqual(1);
  }
  const { child, until } = startStudio(dataFolder, 0);
  await until((line) => line === 'idle');
  await kill(child);
  const rows = await inspect(dataFolder);
  expect(rows).toHaveLength(pictures);
  // What was being made at two kills is given up with its reason; nothing else ends otherwise than made.
  for (const { state, attempts, failure } of rows)
    expect([state, failure?.code]).toEqual(
      attempts > 1 && state === 'failed' ? ['failed', 'ENGINE_DIED'] : ['done', undefined],
    );
  expect(rows.filter(({ state }) => state === 'done').length).toBeGreaterThanOrEqual(pictures - 3);
}, 240_000);

it('makes the picture again that was on the disk but not yet in the history, and no engine outlives its studio', async () => {
  const dataFolder = temporaryFolder();
  let caught = false;
  for (let tries = 0; tries < 5 && !caught; tries++) {
    const { child, heard, until } = startStudio(dataFolder, 1);
    await until((line) => line === 'progress decoding');
    // The history cannot be written from here on, so the row stays behind its file.
    const db = openDatabase(join(dataFolder, 'history.sqlite'));
    db.exec('BEGIN IMMEDIATE');
    const before = db.prepare("SELECT id FROM generations WHERE state = 'running'").pluck().get();
    const files = () => readdirSync(dataFolder, { recursive: true }).map(String);
    const isThere = () => files().some((name) => name.endsWith(`${String(before)}.png`));
    if (before !== undefined) await expect.poll(isThere, { timeout: 30_000, interval: 5 }).toBe(true);
    await kill(child);
    db.exec('ROLLBACK');
    db.close();
    const engine = Number(heard.find((line) => line.startsWith('engine '))?.slice('engine '.length));
    await expect.poll(() => isAlive(engine), { timeout: 20_000 }).toBe(false);
    const row = (await inspect(dataFolder)).at(-1);
    caught = row?.state === 'running' && row.id === before;
  }
  expect(caught).toBe(true);
  const { until, child } = startStudio(dataFolder, 0);
  await until((line) => line === 'finished done');
  await kill(child);
  expect((await inspect(dataFolder)).every(({ state }) => state === 'done')).toBe(true);
}, 120_000);

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
