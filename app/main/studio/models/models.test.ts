import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { clientOf, openStudio, temporaryFolder } from '../testing.ts';
import { receiveModel } from './upload.ts';

async function* pieces(...all: (string | Uint8Array)[]): AsyncGenerator<Uint8Array> {
  for (const piece of all) yield await Promise.resolve(Buffer.from(piece));
}

describe('a model taken off the list', () => {
  it('can be seen and put back, and its file stays', async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'broken.safetensors'), 'not a checkpoint at all');
    const { client } = await openStudio({ modelFolders: [folder] });
    const id = (await client.models.list()).models[1]?.id ?? '';
    await client.models.remove({ id });
    expect(await client.models.rescan()).toMatchObject({ models: [{ id: 'demo' }], removed: [{ id }] });
    expect(readdirSync(folder)).toEqual(['broken.safetensors']);
    expect(await client.models.restore({ id })).toMatchObject({ id, state: 'unusable' });
    expect(await client.models.list()).toMatchObject({ models: [{ id: 'demo' }, { id }], removed: [] });
  });
});

describe('a folder taken off the list', () => {
  it('takes what lies in it alone, and comes back with it', async () => {
    const outer = temporaryFolder();
    // A name that begins like the other's, and a folder inside that was chosen too.
    const [one, beside, inside] = ['models', 'models-beside', 'models/inside'].map((name) => join(outer, name));
    for (const folder of [one, beside, inside]) {
      if (folder === undefined) throw new Error('there are three');
      mkdirSync(folder, { recursive: true });
      writeFileSync(join(folder, 'x.safetensors'), 'no checkpoint');
    }
    const { studio, client } = await openStudio();
    const trusted = clientOf(studio, true);
    const folders = [];
    for (const path of [one, beside, inside]) folders.push(await trusted.models.addFolder({ path: path ?? '' }));
    const listed = async () => (await client.models.list()).models.slice(1).map((model) => model.folder);
    expect((await listed()).sort()).toEqual([one, beside, inside].sort());
    await client.models.removeFolder({ id: folders[0]?.id ?? '' });
    expect((await listed()).sort()).toEqual([beside, inside].sort());
    expect(await client.models.restoreFolder({ id: folders[0]?.id ?? '' })).toMatchObject({ path: one });
    expect((await listed()).sort()).toEqual([one, beside, inside].sort());
    await expect(client.models.restoreFolder({ id: 'unknown' })).rejects.toMatchObject({
      data: { code: 'MODEL_NOT_FOUND' },
    });
  });
});

describe('pickles', () => {
  it('are found in folders, with the reason why they are not opened', async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'old.ckpt'), Buffer.from([0x80, 2, 125, 113, 0, 46]));
    const { client } = await openStudio({ modelFolders: [folder] });
    const [, old] = (await client.models.list()).models;
    expect(old).toMatchObject({ state: 'unusable', failure: { code: 'MODEL_FORMAT_REFUSED' } });
    expect(old?.failure?.message).toContain('Python pickle');
  });

  it('are refused from their first bytes: the rest of an upload is never read', async () => {
    const folder = temporaryFolder();
    let read = 0;
    const body = (async function* () {
      for await (const piece of pieces('PK\u0003\u0004', 'rest', 'rest')) {
        read += 1;
        yield piece;
      }
    })();
    await expect(receiveModel(folder, 'old.ckpt', body)).rejects.toThrow(/torch\.save wraps a pickle/);
    expect(read).toBe(1);
    expect(readdirSync(folder)).toEqual([]);
  });
});

describe('an upload', () => {
  it('that breaks leaves nothing behind', async () => {
    const folder = temporaryFolder();
    const body = (async function* () {
      yield* pieces('12345678', '{');
      throw new Error('the connection broke');
    })();
    await expect(receiveModel(folder, 'big.safetensors', body)).rejects.toThrow('the connection broke');
    expect(readdirSync(folder)).toEqual([]);
  });

  it('that is empty says so', async () => {
    await expect(receiveModel(temporaryFolder(), 'none.safetensors', pieces())).rejects.toMatchObject({
      code: 'MODEL_FORMAT_REFUSED',
    });
  });
});
