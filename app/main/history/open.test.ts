import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { writePngText } from '#contract/png/text.ts';
import sharp from 'sharp';
import { openDatabase } from './db.ts';
import { migrations } from './migrations/all.ts';
import { schemaVersion } from './migrations/run.ts';
import { openHistory, type OpenedHistory } from './open.ts';
import { makePicture, temporaryFolder } from './testing.ts';

const all = ({ store }: OpenedHistory) => store.page({ filter: {}, sort: 'newest', limit: 100 }).items;

describe('opening', () => {
  it('makes a history and finds it again', async () => {
    const folder = join(temporaryFolder(), 'new', 'deep');
    const first = await openHistory({ folder });
    const id = await makePicture(first);
    first.store.close();
    const again = await openHistory({ folder });
    expect(all(again)).toMatchObject([{ id, state: 'done', picture: { widthPx: 8, heightPx: 8 } }]);
    expect(again.notices).toEqual([]);
    again.store.close();
  });

  it('sets a damaged database aside and builds it again from the pictures', async () => {
    const folder = temporaryFolder();
    const first = await openHistory({ folder });
    const id = await makePicture(first);
    const before = first.store.required(id);
    first.store.close();
    writeFileSync(
      join(folder, 'history.sqlite'),
      'this is no database, though it is long enough to be read as one'.repeat(99),
    );
    const again = await openHistory({ folder });
    expect(again.notices.map(({ code }) => code)).toEqual(['HISTORY_DAMAGED', 'HISTORY_DAMAGED']);
    expect(readdirSync(folder).some((name) => /^history-damaged-.*\.sqlite$/.test(name))).toBe(true);
    const [found] = all(again);
    expect(found).toMatchObject({
      id,
      request: before.request,
      figures: before.figures,
      memory: before.memory,
      provider: 'cpu',
    });
    again.store.close();
  });

  it('refuses a database of a newer version, leaves it and makes a copy', async () => {
    const folder = temporaryFolder();
    const { store } = await openHistory({ folder });
    store.close();
    const path = join(folder, 'history.sqlite');
    const db = openDatabase(path);
    db.pragma('user_version = 9999');
    db.close();
    const bytes = readFileSync(path);
    await expect(openHistory({ folder })).rejects.toMatchObject({ code: 'HISTORY_FROM_THE_FUTURE' });
    expect(readFileSync(path).equals(bytes)).toBe(true);
    expect(readdirSync(folder).some((name) => name.startsWith('history.sqlite.copy-'))).toBe(true);
  });

  it('says which folder cannot be used', async () => {
    const file = join(temporaryFolder(), 'file');
    writeFileSync(file, '');
    await expect(openHistory({ folder: join(file, 'in-a-file') })).rejects.toMatchObject({
      code: 'HISTORY_UNWRITABLE',
    });
  });

  it('removes what was half written', async () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, 'pictures', '2026-01'), { recursive: true });
    const part = join(folder, 'pictures', '2026-01', 'x.png.1.part');
    writeFileSync(part, 'half');
    const { store } = await openHistory({ folder });
    expect(existsSync(part)).toBe(false);
    store.close();
  });

  it('empties the bin of what lay there for 30 days', async () => {
    const folder = temporaryFolder();
    const first = await openHistory({ folder });
    const id = await makePicture(first);
    const path = first.pictures.picture(first.store.pictureFile(id) ?? '');
    first.store.remove([id]);
    first.store.close();
    const soon = await openHistory({ folder, now: () => Date.now() + 29 * 864e5 });
    expect(existsSync(path)).toBe(true);
    soon.store.close();
    const late = await openHistory({ folder, now: () => Date.now() + 31 * 864e5 });
    expect([existsSync(path), existsSync(late.pictures.thumbnail(id))]).toEqual([false, false]);
    late.store.close();
  });
});

describe('rebuilding', () => {
  it('adds what is missing once, reads A1111, and tells what it cannot read', async () => {
    const folder = temporaryFolder();
    const history = await openHistory({ folder });
    await makePicture(history);
    const plain = await sharp({ create: { width: 16, height: 8, channels: 3, background: '#456' } })
      .png()
      .toBuffer();
    const place = join(folder, 'pictures', 'from-elsewhere');
    mkdirSync(place);
    const text = 'a cat\nSteps: 20, Sampler: Euler a, CFG scale: 7, Seed: 5, Size: 512x512';
    writeFileSync(join(place, 'a1111.png'), writePngText(plain, new Map([['parameters', text]])));
    writeFileSync(join(place, 'plain.png'), plain);
    writeFileSync(join(place, 'broken.png'), plain.subarray(0, 20));
    const report = await history.rebuild();
    expect(report).toMatchObject({ found: 4, added: 1 });
    expect(report.refused.map(({ fileName }) => fileName)).toEqual([
      'from-elsewhere/broken.png',
      'from-elsewhere/plain.png',
    ]);
    expect(await history.rebuild()).toMatchObject({ added: 0, returned: 0, missing: 0 });
    expect(all(history).find(({ request }) => request.prompt === 'a cat')).toMatchObject({
      request: { scheduler: 'euler_a', seed: 5 },
      figures: null,
      memory: [],
    });
    history.store.close();
  });
});

describe('pictures deleted behind our back', () => {
  it('are told by a rebuild, and known again when they come back', async () => {
    const folder = temporaryFolder();
    const history = await openHistory({ folder });
    const id = await makePicture(history);
    const path = history.pictures.picture(history.store.pictureFile(id) ?? '');
    renameSync(path, `${path}.aside`);
    expect(await history.rebuild()).toMatchObject({ found: 0, added: 0, missing: 1 });
    expect(history.store.required(id)).toMatchObject({ state: 'done', picture: null });
    renameSync(`${path}.aside`, path);
    expect(await history.rebuild()).toMatchObject({ found: 1, added: 0, returned: 1, missing: 0 });
    expect(history.store.required(id).picture).not.toBeNull();
    history.store.close();
  });

  it('are left as they are when the rebuild is cancelled', async () => {
    const history = await openHistory({ folder: temporaryFolder() });
    await makePicture(history);
    await expect(history.rebuild(AbortSignal.abort())).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(all(history)).toHaveLength(1);
    history.store.close();
  });
});

describe('migrations', () => {
  it('rise by number and lead from each version to the next', () => {
    const numbers = migrations.map(({ number }) => number);
    expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
    const path = join(temporaryFolder(), 'history.sqlite');
    migrations.forEach((migration, i) => {
      const db = openDatabase(path, migrations.slice(0, i + 1));
      expect(schemaVersion(db)).toBe(migration.number);
      db.close();
    });
  });

  it('leave nothing of a step that fails', () => {
    const path = join(temporaryFolder(), 'history.sqlite');
    const broken = {
      number: 40,
      apply: (db: ReturnType<typeof openDatabase>) => void db.exec('CREATE TABLE half (a); boom'),
    };
    expect(() => openDatabase(path, [...migrations, broken])).toThrow();
    const db = openDatabase(path);
    expect(db.prepare("SELECT count(*) AS n FROM sqlite_schema WHERE name = 'half'").get()).toEqual({ n: 0 });
    db.close();
  });
});

describe('a process that is killed', () => {
  it('loses no row that was written', async () => {
    const folder = temporaryFolder();
    const script = `
      import { openHistory } from '${join(import.meta.dirname, 'open.ts')}';
      import { newGeneration } from '${join(import.meta.dirname, 'killed-rows.ts')}';
      const { store } = await openHistory({ folder: ${JSON.stringify(folder)} });
      for (let i = 0; ; i++) { store.insertQueued([newGeneration(i)]); process.stdout.write(i + '\\n'); }`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let seen = '';
    child.stdout.on('data', (chunk: Buffer) => {
      seen += chunk.toString();
      if (seen.split('\n').length > 20) child.kill('SIGKILL');
    });
    await once(child, 'exit');
    const last = Number(seen.trimEnd().split('\n').at(-1));
    const { store } = await openHistory({ folder });
    expect(store.queued().length).toBeGreaterThanOrEqual(last);
    expect(store.queued().map(({ request }) => request.seed)).toEqual(store.queued().map((_, i) => i));
    store.close();
  });
});

it('does not show a picture that was deleted behind its back', async () => {
  const folder = temporaryFolder();
  const history = await openHistory({ folder });
  const id = await makePicture(history);
  rmSync(history.pictures.picture(history.store.pictureFile(id) ?? ''));
  history.store.markPictureMissing(id);
  expect(history.store.required(id)).toMatchObject({ state: 'done', picture: null, hasMaps: false });
  history.store.close();
});

it('says when a picture cannot be written', async () => {
  const folder = temporaryFolder();
  const history = await openHistory({ folder });
  rmSync(history.pictures.folders.thumbnails, { recursive: true, force: true });
  writeFileSync(history.pictures.folders.thumbnails, 'a file where the folder should be');
  await expect(makePicture(history)).rejects.toMatchObject({ code: 'HISTORY_UNWRITABLE' });
  expect(execFileSync('find', [folder, '-name', '*.part']).toString()).toBe('');
  history.store.close();
});
