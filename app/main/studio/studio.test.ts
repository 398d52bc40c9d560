import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readTessera } from '#contract/archive/read.ts';
import { readPngText } from '#contract/png/text.ts';
import { mediaPaths } from '#contract/studio/media.ts';
import { noMerging } from '#contract/request.ts';
import type { Generation } from '#contract/studio/generation.ts';
import { createStudio, type Studio } from './studio.ts';
import { clientOf, hear, openStudio, small, temporaryFolder } from './testing.ts';

async function bytesOf(studio: Studio, path: string): Promise<Buffer> {
  const answer = await studio.media(path);
  if (answer === undefined) throw new Error(`${path} is not there`);
  return 'file' in answer.body ? readFileSync(answer.body.file) : Buffer.from(answer.body.bytes);
}

const ended = (id: string) => (event: { generation: Generation }) => event.generation.id === id;
const first = <T>(items: readonly T[]): T => {
  const [item] = items;
  if (item === undefined) throw new Error('there is none');
  return item;
};

describe('a picture', () => {
  it('goes from request to history, with progress, previews, maps and figures', async () => {
    const { studio, client } = await openStudio();
    const { heard, until } = await hear(client);
    expect(await until('queue')).toMatchObject({ queue: { paused: false, items: [] } });
    const { generations } = await client.queue.submit({ modelId: 'demo', request: small });
    const { id } = first(generations);
    const { generation } = await until('finished', ended(id));
    expect(generation).toMatchObject({
      state: 'done',
      hasMaps: true,
      attempts: 1,
      provider: 'cpu',
      picture: { widthPx: 64 },
    });
    expect(generation.figures?.stepsMs).toHaveLength(2);
    expect(generation.memory).toMatchObject([{ what: 'process' }]);
    expect(generation.merging?.effectiveRatio).toBeCloseTo(0.5);
    expect(heard.map(({ type }) => type)).toEqual(expect.arrayContaining(['started', 'progress', 'preview']));
    // The overlay of a forming picture asks for what it was told of.
    const steps = heard.filter((event) => event.type === 'progress' && event.stepMs !== null);
    expect(steps.every((event) => event.type === 'progress' && event.hasMaps)).toBe(true);

    const { texts } = readPngText(await bytesOf(studio, mediaPaths.picture(id)));
    expect(texts.get('parameters')).toMatch(/^a red sun over blue mountains\nSteps: 2, Sampler: Euler/);
    const { maps } = readTessera(await bytesOf(studio, mediaPaths.maps(id)));
    expect(maps?.steps).toHaveLength(2);
    const shared = readTessera(await bytesOf(studio, mediaPaths.tessera(id)));
    expect(shared).toMatchObject({ kind: 'picture', request: { seed: 1 }, modelName: 'Tessera demo' });
    expect(shared.picture?.length).toBe(generation.picture?.sizeBytes);
    expect((await bytesOf(studio, mediaPaths.thumbnail(id))).subarray(8, 12).toString()).toBe('WEBP');
  });

  it('gets a random seed where none is given, and one row for each of a count', async () => {
    const { client } = await openStudio();
    await client.queue.pause();
    const { generations } = await client.queue.submit({
      modelId: 'demo',
      request: { ...small, seed: null, count: 3 },
    });
    const seeds = generations.map(({ request }) => request.seed);
    expect(seeds).toEqual([seeds[0], (seeds[0] ?? 0) + 1, (seeds[0] ?? 0) + 2]);
    expect(new Set(generations.map(({ batchId }) => batchId)).size).toBe(1);
  });

  it('is measured against the unmerged one as soon as both are there', async () => {
    const { client } = await openStudio();
    const { until } = await hear(client);
    const { generations } = await client.queue.submit({ modelId: 'demo', request: small });
    const { id } = first(generations);
    const plain = first(
      await client.queue.variants({ id, changes: [{ merging: noMerging, stepsFactor: 1 }] }),
    );
    await until('history');
    const { quality } = await client.history.get({ id });
    expect(quality?.referenceId).toBe(plain.id);
    expect(quality?.psnrDb).toBeGreaterThan(10);
    expect(quality?.ssim).toBeLessThanOrEqual(1);
    const again = await client.queue.variants({ id, changes: [{ merging: noMerging, stepsFactor: 1 }] });
    expect(first(again).id).toBe(plain.id);
    const { speedup } = await client.models.describeMerging({ modelId: 'demo', ...small });
    expect(speedup).toBeNull();
  });
});

describe('a comparison', () => {
  it('of two pictures chosen freely is answered and not kept as if it told of merging', async () => {
    const { client } = await openStudio();
    const { until } = await hear(client);
    const a = first((await client.queue.submit({ modelId: 'demo', request: small })).generations);
    const b = first(
      (await client.queue.submit({ modelId: 'demo', request: { ...small, seed: 5 } })).generations,
    );
    await until('finished', ended(b.id));
    const [quality] = await client.history.quality({ referenceId: a.id, ids: [b.id] });
    expect(quality).toMatchObject({ id: b.id, referenceId: a.id });
    expect(quality?.ssim).toBeLessThan(0.9);
    expect((await client.history.get({ id: b.id })).quality).toBeNull();
    const page = await client.history.page({
      filter: { size: { widthPx: 64, heightPx: 72 } },
      sort: 'newest',
      limit: 5,
    });
    expect(page.items).toEqual([]);
  });

  it('makes a picture again whose file was deleted on the disk', async () => {
    const { studio, client } = await openStudio();
    const { until } = await hear(client);
    const { id } = first((await client.queue.submit({ modelId: 'demo', request: small })).generations);
    await until('finished', ended(id));
    const answer = await studio.media(mediaPaths.picture(id));
    if (answer === undefined || !('file' in answer.body)) throw new Error('no picture');
    rmSync(answer.body.file);
    expect(await studio.media(mediaPaths.picture(id))).toBeUndefined();
    const changes = [{ merging: small.merging, stepsFactor: 1 }];
    const again = first(await client.queue.variants({ id, changes }));
    expect(again).toMatchObject({ state: 'queued', picture: null });
    expect(again.id).not.toBe(id);
  });

  it('of ratios measures each with the unmerged one beside it, and again under another seed', async () => {
    const { client } = await openStudio();
    await client.queue.pause();
    const at = { modelId: 'demo', widthPx: 64, heightPx: 64, prompt: 'a red sun' };
    const { generations } = await client.presets.measure({ ...at, ratios: [0.25, 0.5] });
    expect(generations.map(({ request }) => request.merging.ratio)).toEqual([0, 0.25, 0.5]);
    const same = await client.presets.measure({ ...at, ratios: [0.5] });
    expect(same.generations.map(({ id }) => id)).toEqual([generations[0]?.id, generations[2]?.id]);
    const again = await client.presets.measure({ ...at, ratios: [0.5], again: true });
    expect(again.generations.map(({ request }) => request.seed)).not.toContain(1);
  });
});

describe('the queue', () => {
  it('cancels a running picture between steps, and a waiting one at once', async () => {
    const { client } = await openStudio();
    const { until } = await hear(client);
    const long = await client.queue.submit({ modelId: 'demo', request: { ...small, steps: 200 } });
    const waiting = await client.queue.submit({ modelId: 'demo', request: { ...small, seed: 2 } });
    const { id } = first(long.generations);
    await until('progress', ({ phase }) => phase === 'steps');
    await client.queue.cancel({ id: first(waiting.generations).id });
    await client.queue.cancel({ id });
    expect((await until('finished', ended(id))).generation).toMatchObject({
      state: 'cancelled',
      picture: null,
    });
    expect((await client.history.get({ id: first(waiting.generations).id })).state).toBe('cancelled');
    expect((await client.queue.list()).items).toEqual([]);
  });

  it('survives the end of the studio, and begins again with what was interrupted', async () => {
    const dataFolder = temporaryFolder();
    const before = await createStudio({ dataFolder, host: 'browser' });
    const client = clientOf(before);
    const { until } = await hear(client);
    const running = await client.queue.submit({ modelId: 'demo', request: { ...small, steps: 100 } });
    await client.queue.submit({ modelId: 'demo', request: { ...small, seed: 2 } });
    await until('progress', ({ phase }) => phase === 'steps');
    await before.dispose();
    const after = await openStudio({ dataFolder });
    const { items } = await after.client.queue.list();
    expect(items.map(({ request }) => request.seed)).toEqual([1, 2]);
    expect(first(items).id).toBe(first(running.generations).id);
    await after.client.queue.cancel({ id: first(items).id });
    const heardAfter = await hear(after.client);
    await heardAfter.until(
      'finished',
      ({ generation }) => generation.request.seed === 2 && generation.state === 'done',
    );
  });

  it('goes on when the engine is killed in the middle of a picture, which says why it failed', async () => {
    const { studio, client } = await openStudio();
    const { until } = await hear(client);
    const killed = first(
      (await client.queue.submit({ modelId: 'demo', request: { ...small, steps: 200 } })).generations,
    );
    const next = first(
      (await client.queue.submit({ modelId: 'demo', request: { ...small, seed: 2 } })).generations,
    );
    await until('progress', ({ phase }) => phase === 'steps');
    process.kill(studio.engineProcessId() ?? 0, 'SIGKILL');
    expect((await until('finished', ended(killed.id))).generation).toMatchObject({
      state: 'failed',
      failure: { code: 'ENGINE_DIED' },
    });
    expect((await until('finished', ended(next.id))).generation.state).toBe('done');
  });

  it('pauses, is ordered anew and goes on', async () => {
    const { client } = await openStudio();
    await client.queue.pause();
    const { generations } = await client.queue.submit({ modelId: 'demo', request: { ...small, count: 3 } });
    const last = generations.at(-1)?.id ?? '';
    const moved = await client.queue.move({ id: last, to: 0 });
    expect(moved).toMatchObject({ paused: true });
    expect(first(moved.items)).toMatchObject({ id: last, state: 'queued' });
    expect((await client.queue.cancelAll()).items).toEqual([]);
    expect(await client.queue.resume()).toMatchObject({ paused: false });
  });
});

describe('wrong input', () => {
  it('is told field by field', async () => {
    const { client } = await openStudio();
    await expect(
      client.queue.submit({ modelId: 'demo', request: { ...small, widthPx: 65, steps: 0 } }),
    ).rejects.toMatchObject({
      code: 'STUDIO',
      data: { code: 'REQUEST_INVALID' },
      message: expect.stringMatching(/width is 65; allowed.*steps is 0; allowed/s) as string,
    });
  });

  it('names no path of the machine from a browser', async () => {
    const { client } = await openStudio();
    for (const call of [
      client.models.addFile({ path: '/etc/passwd' }),
      client.models.addFolder({ path: '/' }),
    ])
      await expect(call).rejects.toMatchObject({ data: { code: 'REQUEST_REFUSED' } });
  });

  it('reads only what is ours', async () => {
    const { studio } = await openStudio();
    const id = '11111111-1111-4111-8111-111111111111';
    for (const path of [
      'media/pictures/../../history.sqlite',
      `media/pictures/${id}.png/..`,
      'history.sqlite',
      `media/maps/${id}.zip`,
      `media/live/${id}/1.zip`,
      'media/pictures/%2e%2e.png',
    ])
      expect(await studio.media(path)).toBeUndefined();
  });

  it('of 100,000 characters is a prompt like another, and found again', async () => {
    const { client } = await openStudio();
    await client.queue.pause();
    const prompt = `${'very '.repeat(19_998)}red sun`;
    const { generations } = await client.queue.submit({ modelId: 'demo', request: { ...small, prompt } });
    expect(first(generations).request.prompt).toBe(prompt);
    const page = await client.history.page({ filter: { text: 'red sun' }, sort: 'newest', limit: 10 });
    expect(page.items).toHaveLength(1);
  });

  it('is refused for a model that has been moved away, and told in the row', async () => {
    const { client } = await openStudio();
    await expect(client.queue.submit({ modelId: 'nothing', request: small })).rejects.toMatchObject({
      data: { code: 'MODEL_NOT_FOUND' },
    });
  });

  it('as an upload leaves nothing behind', async () => {
    const dataFolder = temporaryFolder();
    const { studio, client } = await openStudio({ dataFolder });
    const send = (name: string, bytes: Uint8Array) =>
      studio.acceptModelUpload(
        name,
        (async function* () {
          yield await Promise.resolve(bytes);
        })(),
      );
    await expect(send('model.ckpt', Buffer.from('x'))).rejects.toMatchObject({
      code: 'MODEL_FORMAT_REFUSED',
    });
    await expect(send('../evil.safetensors', Buffer.from('x'))).rejects.toMatchObject({
      code: 'MODEL_FORMAT_REFUSED',
    });
    await expect(send('zip.safetensors', Buffer.from('PK\u0003\u0004zipzipzip'))).rejects.toMatchObject({
      code: 'MODEL_FORMAT_REFUSED',
    });
    await expect(send('cut.safetensors', Buffer.from([9, 0, 0, 0, 0, 0, 0, 0, 123]))).rejects.toMatchObject({
      code: 'MODEL_HEADER_INVALID',
    });
    const { models } = await client.models.rescan();
    expect(models.map(({ id }) => id)).toEqual(['demo']);
  });
});

describe('models', () => {
  it('are listed with kind, size, precision and memory, and say why they cannot be used', async () => {
    const dataFolder = temporaryFolder();
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'broken.safetensors'), 'not a checkpoint at all');
    const { client } = await openStudio({ dataFolder, modelFolders: [folder] });
    const { models, folders } = await client.models.list();
    expect(models[0]).toMatchObject({
      id: 'demo',
      embedded: true,
      state: 'ready',
      layout: 'diffusers-folder',
      precision: 'F16',
      memory: { fits: true },
    });
    expect(models[0]?.vocabulary).toContain('sun');
    expect(models[1]).toMatchObject({
      fileName: 'broken.safetensors',
      state: 'unusable',
      failure: { code: 'MODEL_HEADER_INVALID' },
    });
    expect(folders.map(({ own }) => own)).toEqual([true, false]);
    const id = models[1]?.id ?? '';
    expect(await client.models.rename({ id, name: 'Mine' })).toMatchObject({ name: 'Mine' });
    expect(await client.models.setHidden({ id, hidden: true })).toMatchObject({ hidden: true });
    rmSync(join(folder, 'broken.safetensors'));
    expect((await client.models.rescan()).models[1]?.state).toBe('missing');
    expect(await client.models.remove({ id })).toEqual({ removed: true });
    expect((await client.models.list()).models).toHaveLength(1);
  });

  it('say what merging would do, block by block, before anything runs', async () => {
    const { client } = await openStudio();
    const described = await client.models.describeMerging({
      modelId: 'demo',
      widthPx: 256,
      heightPx: 256,
      merging: { ...noMerging, ratio: 0.9 },
    });
    expect(described).toMatchObject({ tokens: 4096, tokensLeft: 1024, maxRatio: 0.75, effectiveRatio: 0.75 });
    expect(described.notes).toEqual([{ code: 'merging-capped', asked: 0.9, most: 0.75 }]);
    expect(described.blocks.some(({ merges, gridW }) => !merges && gridW < 64)).toBe(true);
  });
});

describe('presets and settings', () => {
  it('are not measured until they were, and then by the pictures made', async () => {
    const { client } = await openStudio();
    const { until } = await hear(client);
    const at = { modelId: 'demo', widthPx: 64, heightPx: 64 };
    const before = await client.presets.list(at);
    expect(before.map(({ id, figures }) => [id, figures])).toEqual(
      ['exact', 'faithful', 'balanced', 'fast', 'draft'].map((id) => [id, null]),
    );
    const { generations } = await client.queue.submit({
      modelId: 'demo',
      request: { ...small, steps: 20, scheduler: 'dpmpp_2m', guidanceScale: 1 },
    });
    await until('finished', ended(first(generations).id));
    const after = await client.presets.list(at);
    expect(after.find(({ id }) => id === 'balanced')?.figures).toMatchObject({ pictures: 1, speedup: null });
    expect(after.find(({ id }) => id === 'exact')?.figures).toBeNull();
  });

  it('of the artist can be saved, changed and removed', async () => {
    const { client } = await openStudio();
    const changes = { merging: small.merging, stepsFactor: 0.5 };
    const { id } = await client.presets.save({ name: 'Quick', changes });
    await client.presets.save({ id, name: 'Quicker', changes });
    const list = await client.presets.list({ modelId: 'demo', widthPx: 64, heightPx: 64 });
    expect(list.at(-1)).toMatchObject({ id, name: 'Quicker' });
    expect(await client.presets.remove({ id })).toEqual({ removed: true });
    await expect(client.presets.save({ id, name: 'x', changes })).rejects.toMatchObject({
      data: { code: 'PRESET_NOT_FOUND' },
    });
  });

  it('keep a draft over a restart', async () => {
    const dataFolder = temporaryFolder();
    const before = await createStudio({ dataFolder, host: 'browser' });
    const draft = { ...small, modelId: 'demo', presetId: null, scheduler: 'wrong', steps: -1 };
    await clientOf(before).settings.update({ theme: 'light', draft });
    await before.dispose();
    const { client } = await openStudio({ dataFolder });
    expect(await client.settings.get()).toMatchObject({ theme: 'light', draft, keepMaps: true });
  });
});
