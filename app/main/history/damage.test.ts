import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { writePngText } from '#contract/png/text.ts';
import { openDatabase } from './db.ts';
import { openHistory, type OpenedHistory } from './open.ts';
import { finished, makePicture, newGeneration, temporaryFolder } from './testing.ts';

const pageBytes = 4096;
const pathOf = (folder: string) => join(folder, 'history.sqlite');
const rowsOf = ({ store }: OpenedHistory) => store.page({ filter: {}, sort: 'newest', limit: 500 }).items;
const asides = (folder: string) =>
  readdirSync(folder).filter((name) => /^history-damaged-.*\.sqlite$/.test(name));

/** A closed history with rows enough for many pages, a favourite, a draft, a queue, and one picture on the disk. */
async function filled() {
  const folder = temporaryFolder();
  const history = await openHistory({ folder });
  const { store } = history;
  const made = await makePicture(history);
  store.annotate(made, { favourite: true, notes: 'for the wall', tags: ['keep'] });
  const rows = store.insertQueued(
    Array.from({ length: 300 }, (_, seed) =>
      newGeneration({ seed, prompt: `sun ${seed} ${'x'.repeat(900)}` }),
    ),
  );
  store.writeSetting('draft', { prompt: 'half a thought' });
  store.close();
  return { folder, made, rows };
}

function writeAt(path: string, position: number, bytes: Buffer): void {
  const file = openSync(path, 'r+');
  writeSync(file, bytes, 0, bytes.length, position);
  closeSync(file);
}

describe('a damaged database is set aside and built again', () => {
  it('from its pictures when its header is garbage', async () => {
    const { folder, made } = await filled();
    writeAt(pathOf(folder), 0, Buffer.alloc(100, 7));
    const again = await openHistory({ folder });
    expect(rowsOf(again).map(({ id }) => id)).toEqual([made]);
    expect(again.notices).toMatchObject([{ code: 'HISTORY_DAMAGED' }, { code: 'HISTORY_DAMAGED' }]);
    expect(asides(folder)).toHaveLength(1);
    again.store.close();
  });

  it('from its pictures when it is cut to nothing that can be read', async () => {
    const { folder, made } = await filled();
    truncateSync(pathOf(folder), 1000);
    const again = await openHistory({ folder });
    expect(rowsOf(again).map(({ id }) => id)).toEqual([made]);
    again.store.close();
  });

  it('when it is cut in the middle', async () => {
    const { folder, made } = await filled();
    truncateSync(pathOf(folder), Math.floor(statSync(pathOf(folder)).size / 2 / pageBytes) * pageBytes);
    const again = await openHistory({ folder });
    expect(rowsOf(again).map(({ id }) => id)).toContain(made);
    expect(asides(folder)).toHaveLength(1);
    again.store.close();
  });

  it('and keeps the rows, favourites, draft and queue of the pages that are whole', async () => {
    const { folder, made, rows } = await filled();
    // In the middle of the file lie rows of the queue.
    const middle = Math.floor(statSync(pathOf(folder)).size / 2 / pageBytes) * pageBytes;
    writeAt(pathOf(folder), middle, Buffer.alloc(2 * pageBytes, 0xa5));
    const again = await openHistory({ folder });
    expect(asides(folder)).toHaveLength(1);
    expect(again.store.required(made)).toMatchObject({
      favourite: true,
      notes: 'for the wall',
      tags: ['keep'],
    });
    expect(again.store.readSetting('draft')).toEqual({ prompt: 'half a thought' });
    const kept = again.store.queued().length;
    expect(kept).toBeGreaterThan(rows.length - 20);
    expect(kept).toBeLessThanOrEqual(rows.length);
    expect(again.store.page({ filter: { text: 'sun' }, sort: 'newest', limit: 500 }).total).toBe(kept + 1);
    again.store.close();
    const calm = await openHistory({ folder });
    expect(calm.notices).toEqual([]);
    calm.store.close();
  });

  it('at the next start when it is too large to be looked through at every one', async () => {
    const folder = temporaryFolder();
    const first = await openHistory({ folder });
    const made = await makePicture(first);
    first.store.insertQueued(
      Array.from({ length: 200 }, (_, seed) => newGeneration({ seed, prompt: 'x'.repeat(20_000) })),
    );
    first.store.close();
    const { size } = statSync(pathOf(folder));
    expect(size).toBeGreaterThan(8 * 2 ** 20);
    for (let share = 0.4; share < 0.6; share += 0.02)
      writeAt(
        pathOf(folder),
        Math.floor((share * size) / pageBytes) * pageBytes,
        Buffer.alloc(pageBytes, 0xa5),
      );
    const history = await openHistory({ folder });
    expect(history.notices).toEqual([]);
    expect(() => history.store.queued()).toThrow(
      expect.objectContaining({
        code: 'HISTORY_DAMAGED',
        message: expect.stringMatching(/Start Tessera again/) as string,
      }) as Error,
    );
    history.store.close();
    const again = await openHistory({ folder });
    expect(again.store.required(made).state).toBe('done');
    expect(again.store.queued().length).toBeGreaterThan(150);
    expect(asides(folder)).toHaveLength(1);
    again.store.close();
  });

  it('when its write-ahead log is gone', async () => {
    const { folder } = await filled();
    const script = `
      import { openHistory } from '${join(import.meta.dirname, 'open.ts')}';
      import { newGeneration } from '${join(import.meta.dirname, 'killed-rows.ts')}';
      const { store } = await openHistory({ folder: ${JSON.stringify(folder)} });
      store.insertQueued(Array.from({ length: 50 }, (_, i) => newGeneration(1000 + i)));
      process.kill(process.pid, 'SIGKILL');`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    await once(child, 'exit');
    expect(existsSync(`${pathOf(folder)}-wal`)).toBe(true);
    rmSync(`${pathOf(folder)}-wal`);
    const again = await openHistory({ folder });
    expect(again.store.queued().length).toBeGreaterThanOrEqual(300);
    again.store.close();
  });

  it('when it is another program’s', async () => {
    const folder = temporaryFolder();
    const db = openDatabase(pathOf(folder), [
      { number: 1, apply: (d) => void d.exec('CREATE TABLE generations (other)') },
    ]);
    db.close();
    const again = await openHistory({ folder });
    expect(rowsOf(again)).toEqual([]);
    expect(asides(folder)).toHaveLength(1);
    again.store.close();
  });
});

it('copies a database of a newer version once, however often it is tried', async () => {
  const { folder } = await filled();
  const db = openDatabase(pathOf(folder));
  db.pragma('user_version = 9999');
  db.close();
  for (let i = 0; i < 3; i++)
    await expect(openHistory({ folder })).rejects.toMatchObject({ code: 'HISTORY_FROM_THE_FUTURE' });
  expect(readdirSync(folder).filter((name) => /copy-[^.]*$/.test(name))).toHaveLength(1);
});

it('is open in one Tessera at a time, and free as soon as that one is gone', async () => {
  const folder = temporaryFolder();
  const script = `
    import { openHistory } from '${join(import.meta.dirname, 'open.ts')}';
    await openHistory({ folder: ${JSON.stringify(folder)} });
    process.stdout.write('open');
    setInterval(() => undefined, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  await once(child.stdout, 'data');
  await expect(openHistory({ folder })).rejects.toMatchObject({
    code: 'HISTORY_IN_USE',
    details: { folder },
  });
  child.kill('SIGKILL');
  await once(child, 'exit');
  const { store } = await openHistory({ folder });
  store.close();
});

describe('the folder', () => {
  it('that is read-only is told', () => {
    const folder = temporaryFolder();
    const script = `
      import { openHistory } from '${join(import.meta.dirname, 'open.ts')}';
      process.setgid?.(65534); process.setuid?.(65534);
      try { await openHistory({ folder: ${JSON.stringify(folder)} }); process.stdout.write('opened'); }
      catch (error) { process.stdout.write(error.code + ' ' + error.message); }`;
    // Permissions do not stop root: there the child becomes nobody, to whom the folder of root is closed.
    const asNobody = process.getuid?.() === 0;
    if (!asNobody) rmSync(folder, { recursive: true });
    const { stdout } = spawnSync(process.execPath, [
      '--input-type=module',
      '-e',
      asNobody
        ? script
        : script.replace(/process.set.id.*/, '').replace(JSON.stringify(folder), '"/proc/tessera"'),
    ]);
    expect(stdout.toString()).toMatch(/^HISTORY_UNWRITABLE .*(permissions|Choose another)/);
  });

  it('on a full disk loses nothing that was written, and says so', async ({ skip }) => {
    const folder = temporaryFolder();
    const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=6m', 'tmpfs', folder]);
    if (mounted.status !== 0)
      skip(`needs the right to mount a small disk: ${mounted.stderr.toString().trim()}`);
    onTestFinished(() => void spawnSync('umount', ['-l', folder]));
    const history = await openHistory({ folder });
    const made = await makePicture(history);
    writeFileSync(join(folder, 'ballast'), '');
    expect(() => {
      for (let i = 0; i < 10_000; i++)
        history.store.insertQueued([newGeneration({ seed: i, prompt: 'x'.repeat(20_000) })]);
    }).toThrow(expect.objectContaining({ code: 'HISTORY_UNWRITABLE' }) as Error);
    const written = history.store.queued().length;
    await expect(makePicture(history, 'y'.repeat(100_000))).rejects.toMatchObject({
      code: 'HISTORY_UNWRITABLE',
    });
    expect(readdirSync(folder, { recursive: true }).filter((name) => String(name).endsWith('.part'))).toEqual(
      [],
    );
    expect(history.store.required(made).state).toBe('done');
    history.store.close();
    const again = await openHistory({ folder });
    expect(again.store.queued()).toHaveLength(written);
    again.store.close();
  });
});

describe('links and names that lead elsewhere', () => {
  it('are neither found nor opened', async () => {
    const folder = temporaryFolder();
    const history = await openHistory({ folder });
    const made = await makePicture(history);
    const secret = join(temporaryFolder(), 'secret.png');
    writeFileSync(
      secret,
      writePngText(readFileSync(history.pictures.picture(history.store.pictureFile(made) ?? '')), new Map()),
    );
    mkdirSync(join(folder, 'pictures', 'other'));
    symlinkSync(secret, join(folder, 'pictures', 'other', 'link.png'));
    symlinkSync(join(secret, '..'), join(folder, 'pictures', 'linked'));
    expect(await history.rebuild()).toMatchObject({ found: 1, added: 0 });
    for (const name of ['../history.sqlite', '/etc/passwd', 'a/../../x.png', 'a\\..\\..\\x.png', 'a\0.png'])
      expect(() => history.pictures.picture(name)).toThrow(
        expect.objectContaining({ code: 'GENERATION_NOT_FOUND' }) as Error,
      );
    history.store.close();
  });
});

describe('rebuilding', () => {
  it('finds pictures with their maps, figures and the source of each, when the database is lost', async () => {
    const folder = temporaryFolder();
    const first = await openHistory({ folder });
    const id = await makePicture(first);
    await first.pictures.saveMaps(id, Buffer.from('maps'));
    rmSync(first.pictures.thumbnail(id));
    const { figures, memory, request } = first.store.required(id);
    first.store.close();
    for (const name of readdirSync(folder)) if (name.startsWith('history')) rmSync(join(folder, name));
    const again = await openHistory({ folder });
    expect(again.store.required(id)).toMatchObject({
      state: 'done',
      hasMaps: true,
      figures,
      memory,
      request,
    });
    expect(existsSync(again.pictures.thumbnail(id))).toBe(true);
    again.store.close();
  });

  it('is stopped by no file: crafted records, pictures that cannot be drawn', async () => {
    const folder = temporaryFolder();
    const history = await openHistory({ folder });
    const id = await makePicture(history);
    const png = readFileSync(history.pictures.picture(history.store.pictureFile(id) ?? ''));
    const { figures, memory, request, model } = history.store.required(id);
    const record = {
      id: '22222222-2222-4222-8222-222222222222',
      batchId: id,
      createdAt: 1,
      request,
      model,
      provider: null,
      merging: null,
      figures,
      memory,
    };
    const place = join(folder, 'pictures', 'crafted');
    mkdirSync(place);
    const write = (name: string, changes: object, bytes: Buffer = png) => {
      // The first text of a keyword counts, so ours goes in front.
      writeFileSync(
        join(place, name),
        writePngText(bytes, new Map([['tessera', JSON.stringify({ ...record, ...changes })]])),
      );
    };
    write('a-time-beyond.png', { createdAt: 1e300 });
    write('b-two-figures.png', { memory: [...memory, ...memory] });
    write(
      'c-no-pixels.png',
      { id: '33333333-3333-4333-8333-333333333333' },
      Buffer.concat([png.subarray(0, 33), png.subarray(-12)]),
    );
    write('d-other-case.png', { id: 'AAAAAAAA-2222-4222-8222-222222222222' });
    writeFileSync(join(place, 'e-nothing.png'), '');
    const report = await history.rebuild();
    expect(report.added).toBe(2);
    expect(report.refused.map(({ fileName }) => fileName).toSorted()).toEqual([
      'crafted/a-time-beyond.png',
      'crafted/c-no-pixels.png',
      'crafted/d-other-case.png',
      'crafted/e-nothing.png',
    ]);
    history.store.close();
  });

  it('does not bring back what the bin was emptied of', async () => {
    const folder = temporaryFolder();
    const first = await openHistory({ folder });
    const id = await makePicture(first);
    first.store.remove([id]);
    first.store.close();
    const late = await openHistory({ folder, now: () => Date.now() + 31 * 864e5 });
    expect(await late.rebuild()).toMatchObject({ found: 0, added: 0 });
    expect(late.store.get(id)).toBeUndefined();
    late.store.close();
  });
});

it('answers every search without a syntax error of the index', async () => {
  const folder = temporaryFolder();
  const { store } = await openHistory({ folder });
  const [row] = store.insertQueued([newGeneration({ prompt: '눈 덮인 산 위의 붉은 해 émile ÀÉ' })]);
  if (row === undefined) throw new Error('nothing was inserted');
  store.begin(row.id, 1);
  store.finish(row.id, finished());
  const found = (text: string) => store.page({ filter: { text }, sort: 'newest', limit: 9 }).items.length;
  expect(['눈', '산', '붉은', '덮인 산', '위의 붉은 해', '해', 'émi', 'SUN'.slice(0, 0)].map(found)).toEqual([
    1, 1, 1, 1, 1, 1, 1, 1,
  ]);
  const odd = [
    '"',
    '""',
    '"""',
    "'",
    '*',
    'a*',
    '^abc',
    '-abc',
    'abc-',
    '(abc',
    'abc)',
    'NEAR(a b)',
    'AND',
    'a AND',
    'text:abc',
    '{abc}',
    ':::',
    '\\',
    '%',
    '_',
    'ab\0cd',
    '\0\0\0\0',
    '\ud800abc',
    '🌞🌞🌞',
    '\u200b\u200b\u200b',
    'a'.repeat(1000),
    '" OR 1=1 --',
  ];
  for (const text of odd) expect(found(text)).toBeLessThanOrEqual(1);
  store.close();
});
