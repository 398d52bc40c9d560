import { spawnSync } from 'node:child_process';
import {
  appendFileSync,
  cpSync,
  mkdirSync,
  symlinkSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { readPngText } from '#contract/png/text.ts';
import { noticeText } from '#contract/notices/english.ts';
import { mediaPaths } from '#contract/studio/media.ts';
import { promptLimitChars } from '#contract/request.ts';
import { embeddedModelPath } from '#library/models.ts';
import { createStudio } from './studio.ts';
import { clientOf, hear, openStudio, small, temporaryFolder } from './testing.ts';

const idOf = ({ generations }: { generations: readonly { id: string }[] }): string =>
  generations[0]?.id ?? '';
const filesBelow = (folder: string) =>
  readdirSync(folder, { recursive: true, withFileTypes: true }).filter(
    (entry) => entry.isFile() && !entry.name.startsWith('history'),
  );

describe('the queue', () => {
  it('stays paused over a restart', async () => {
    const dataFolder = temporaryFolder();
    const before = await createStudio({ dataFolder, host: 'browser' });
    await clientOf(before).queue.pause();
    await clientOf(before).queue.submit({ modelId: 'demo', request: { ...small, count: 3 } });
    await before.dispose();
    const { client } = await openStudio({ dataFolder });
    const { paused, items } = await client.queue.list();
    expect(paused).toBe(true);
    expect(items.map(({ state, request }) => [state, request.seed])).toEqual([
      ['queued', 1],
      ['queued', 2],
      ['queued', 3],
    ]);
  });

  it('tells in the row when its model was moved away meanwhile, and goes on with the next', async () => {
    const folder = temporaryFolder();
    const model = join(folder, 'mine');
    cpSync(embeddedModelPath(), model, { recursive: true });
    const { client } = await openStudio({ modelFolders: [folder] });
    const { until } = await hear(client);
    const { models } = await client.models.list();
    const mine = models.find(({ fileName }) => fileName === 'mine')?.id ?? '';
    await client.queue.pause();
    const moved = idOf(await client.queue.submit({ modelId: mine, request: small }));
    const next = idOf(await client.queue.submit({ modelId: 'demo', request: small }));
    renameSync(model, join(folder, 'elsewhere'));
    await client.queue.resume();
    const ended = (id: string) => until('finished', ({ generation }) => generation.id === id);
    expect((await ended(moved)).generation).toMatchObject({
      state: 'failed',
      failure: { code: 'MODEL_NOT_FOUND' },
    });
    expect((await ended(next)).generation.state).toBe('done');
  });

  it('of a thousand pictures is cancelled at once', async () => {
    const { client } = await openStudio();
    await client.queue.pause();
    await client.queue.submit({ modelId: 'demo', request: { ...small, count: 1000 } });
    const { heard, until } = await hear(client);
    await until('queue');
    expect((await client.queue.cancelAll()).items).toEqual([]);
    await client.settings.update({ theme: 'dark' });
    await expect.poll(() => heard.some(({ type }) => type === 'history')).toBe(true);
    expect(heard.filter(({ type }) => type === 'finished')).toEqual([]);
    expect(
      await client.history.page({ filter: { states: ['cancelled'] }, sort: 'newest', limit: 1 }),
    ).toMatchObject({ total: 1000 });
  });

  it('is paused by a full disk, loses nothing, and goes on when there is room', async ({ skip }) => {
    const dataFolder = temporaryFolder();
    const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=12m', 'tmpfs', dataFolder]);
    if (mounted.status !== 0)
      skip(`needs the right to mount a small disk: ${mounted.stderr.toString().trim()}`);
    onTestFinished(() => void spawnSync('umount', ['-l', dataFolder]));
    const { client } = await openStudio({ dataFolder });
    const { until } = await hear(client);
    const first = idOf(await client.queue.submit({ modelId: 'demo', request: { ...small, steps: 20 } }));
    const second = idOf(await client.queue.submit({ modelId: 'demo', request: { ...small, seed: 2 } }));
    await until('progress', ({ phase }) => phase === 'steps');
    const ballast = join(dataFolder, 'ballast');
    expect(() => {
      for (;;) appendFileSync(ballast, Buffer.alloc(4096));
    }).toThrow('ENOSPC');
    await until('warning', ({ notice }) => noticeText(notice).includes('Make room'));
    rmSync(ballast);
    // What could not be written down is written now; the queue stands, so that nothing is made in vain.
    await expect.poll(async () => (await client.queue.list()).paused, { timeout: 20_000 }).toBe(true);
    await expect
      .poll(async () => (await client.queue.list()).items.map(({ id }) => id), { timeout: 20_000 })
      .toEqual([second]);
    await client.queue.resume();
    expect((await until('finished', ({ generation }) => generation.id === second)).generation.state).toBe(
      'done',
    );
    expect(await client.history.get({ id: first })).toMatchObject({
      state: 'failed',
      failure: { code: 'HISTORY_UNWRITABLE' },
    });
    expect(filesBelow(dataFolder).filter(({ name }) => name.includes(first))).toEqual([]);
  }, 60_000);

  it('starts another engine when the one that waited was killed', async () => {
    const { studio, client } = await openStudio();
    const { until } = await hear(client);
    const first = idOf(await client.queue.submit({ modelId: 'demo', request: small }));
    await until('finished', ({ generation }) => generation.id === first);
    const pid = studio.engineProcessId() ?? 0;
    process.kill(pid, 'SIGKILL');
    await expect.poll(() => studio.engineProcessId()).not.toBe(pid);
    const second = idOf(await client.queue.submit({ modelId: 'demo', request: { ...small, seed: 2 } }));
    expect((await until('finished', ({ generation }) => generation.id === second)).generation.state).toBe(
      'done',
    );
  });
});

describe('a picture', () => {
  it('that was deleted behind its back is a row that says so, and its thumbnail is made again while it is there', async () => {
    const dataFolder = temporaryFolder();
    const { studio, client } = await openStudio({ dataFolder });
    const { until } = await hear(client);
    const id = idOf(await client.queue.submit({ modelId: 'demo', request: small }));
    await until('finished');
    rmSync(join(dataFolder, 'thumbnails'), { recursive: true });
    expect(await studio.media(mediaPaths.thumbnail(id))).toMatchObject({ type: 'image/webp' });
    rmSync(join(dataFolder, 'pictures'), { recursive: true });
    for (const path of [mediaPaths.picture(id), mediaPaths.tessera(id)])
      expect(await studio.media(path)).toBeUndefined();
    expect(await client.history.get({ id })).toMatchObject({ state: 'done', picture: null });
    rmSync(join(dataFolder, 'thumbnails'), { recursive: true });
    expect(await studio.media(mediaPaths.thumbnail(id))).toBeUndefined();
    await expect(client.history.quality({ referenceId: id, ids: [id] })).rejects.toMatchObject({
      data: { code: 'GENERATION_NOT_FOUND' },
    });
  });

  it('that is no longer one is not shown, and breaks nothing', async () => {
    const dataFolder = temporaryFolder();
    const { studio, client } = await openStudio({ dataFolder });
    const { until } = await hear(client);
    const id = idOf(await client.queue.submit({ modelId: 'demo', request: small }));
    await until('finished');
    rmSync(join(dataFolder, 'thumbnails'), { recursive: true });
    for (const entry of filesBelow(join(dataFolder, 'pictures')))
      writeFileSync(join(entry.parentPath, entry.name), 'no picture');
    expect(await studio.media(mediaPaths.thumbnail(id))).toBeUndefined();
    for (const entry of filesBelow(join(dataFolder, 'maps')))
      writeFileSync(join(entry.parentPath, entry.name), 'no maps');
    await expect(studio.media(mediaPaths.tessera(id))).rejects.toMatchObject({ code: 'ARCHIVE_INVALID' });
  });

  it('that is cancelled leaves nothing on the disk', async () => {
    const dataFolder = temporaryFolder();
    const { client } = await openStudio({ dataFolder });
    const { until } = await hear(client);
    const id = idOf(await client.queue.submit({ modelId: 'demo', request: { ...small, steps: 200 } }));
    await until('progress', ({ phase }) => phase === 'steps');
    await client.queue.cancel({ id });
    await until('finished');
    expect(filesBelow(dataFolder)).toEqual([]);
  });
});

describe('a prompt', () => {
  it(`of ${promptLimitChars} characters is made into a picture that tells it whole`, async () => {
    const { studio, client } = await openStudio();
    const { until } = await hear(client);
    const prompt = '해 red sun, '.repeat(promptLimitChars).slice(0, promptLimitChars);
    const id = idOf(await client.queue.submit({ modelId: 'demo', request: { ...small, steps: 1, prompt } }));
    const { generation } = await until('finished');
    expect(generation).toMatchObject({ state: 'done', failure: null });
    const answer = await studio.media(mediaPaths.picture(id));
    if (answer === undefined || !('file' in answer.body)) throw new Error('there is no picture');
    const record = JSON.parse(readPngText(readFileSync(answer.body.file)).texts.get('tessera') ?? '') as {
      request: { prompt: string };
    };
    expect(record.request.prompt).toBe(prompt);
  }, 120_000);

  it('that is longer is refused with the limit', async () => {
    const { client } = await openStudio();
    const prompt = 'x'.repeat(promptLimitChars + 1);
    await expect(
      client.queue.submit({ modelId: 'demo', request: { ...small, prompt } }),
    ).rejects.toMatchObject({
      data: { code: 'REQUEST_INVALID' },
      message: expect.stringMatching(/prompt has 100001 characters; allowed: up to 100000/) as string,
    });
  });
});

describe('two windows', () => {
  it('see the same: each hears of what the other does', async () => {
    const { studio, client } = await openStudio();
    const other = clientOf(studio);
    const [one, two] = [await hear(client), await hear(other)];
    const id = idOf(await client.queue.submit({ modelId: 'demo', request: small }));
    await two.until('finished', ({ generation }) => generation.id === id);
    await other.history.annotate({ id, annotation: { favourite: true } });
    await one.until('history', ({ ids }) => ids?.includes(id) === true);
    expect((await client.history.get({ id })).favourite).toBe(true);
    await Promise.all([client.history.remove({ ids: [id] }), other.history.remove({ ids: [id] })]);
    expect(await client.history.restore({ ids: [id] })).toEqual({ restored: 1 });
    await expect(client.history.get({ id: '99999999-9999-4999-8999-999999999999' })).rejects.toMatchObject({
      data: { code: 'GENERATION_NOT_FOUND' },
    });
  });

  it('cannot both use one folder of data', async () => {
    const dataFolder = temporaryFolder();
    await openStudio({ dataFolder });
    await expect(createStudio({ dataFolder, host: 'desktop' })).rejects.toMatchObject({
      code: 'HISTORY_IN_USE',
    });
  });
});

describe('models', () => {
  it('in folders that cannot be read take no other with them', async () => {
    const folder = temporaryFolder();
    const file = join(folder, 'file.safetensors');
    writeFileSync(file, 'x');
    mkdirSync(join(folder, 'a-folder.safetensors'));
    symlinkSync(join(folder, 'nowhere'), join(folder, 'dangling.safetensors'));
    symlinkSync(folder, join(folder, 'loop'));
    const { client } = await openStudio({ modelFolders: [file, join(folder, 'gone'), folder] });
    const { models, folders } = await client.models.list();
    expect(models.map(({ fileName, state }) => [fileName, state]).slice(1)).toContainEqual([
      'file.safetensors',
      'unusable',
    ]);
    expect(folders.map(({ missing }) => missing)).toEqual([false, true, true, false]);
  });

  it('are known by their content: one file changed inside a folder is another model', async () => {
    const folder = temporaryFolder();
    const model = join(folder, 'mine');
    cpSync(embeddedModelPath(), model, { recursive: true });
    const { client } = await openStudio({ modelFolders: [folder] });
    await client.queue.pause();
    const mine = (await client.models.list()).models.find(({ fileName }) => fileName === 'mine')?.id ?? '';
    const hash = async () =>
      (await client.queue.submit({ modelId: mine, request: small })).generations[0]?.model.hash;
    const before = await hash();
    expect(await hash()).toBe(before);
    const weights = join(
      model,
      'unet',
      readdirSync(join(model, 'unet')).find((name) => name.endsWith('.safetensors')) ?? '',
    );
    const bytes = readFileSync(weights);
    bytes.fill(7, bytes.length / 2, bytes.length / 2 + bytes.length / 16);
    writeFileSync(weights, bytes);
    expect(await hash()).not.toBe(before);
  });
});
