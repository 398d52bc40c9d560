import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { mediaPaths } from '#contract/studio/media.ts';
import type { MediaAnswer } from '#studio/media.ts';
import { temporaryFolder } from '#studio/testing.ts';
import { securityHeaders } from '../page/headers.ts';
import { createAnswers } from './answers.ts';

const id = '01234567-89ab-4cde-8f01-23456789abcd';

function renderer(): string {
  const folder = join(temporaryFolder(), 'renderer');
  mkdirSync(join(folder, 'assets'), { recursive: true });
  writeFileSync(join(folder, 'index.html'), '<!doctype html><title>Tessera</title>');
  writeFileSync(join(folder, 'assets', 'main-abc.js'), 'export {};');
  writeFileSync(join(folder, '..', 'secret.json'), '{"secret":true}');
  return folder;
}

function answers(
  media: (path: string) => Promise<MediaAnswer | undefined> = () => Promise.resolve(undefined),
) {
  const logged: unknown[] = [];
  const answer = createAnswers({ rendererFolder: renderer(), media, log: (error) => logged.push(error) });
  const ask = (url: string, method = 'GET') => answer(new Request(url, { method }));
  return { ask, logged };
}

describe('the page', () => {
  test('comes whole with its type, its length, and hashed files for ever', async () => {
    const { ask } = answers();
    const page = await ask('tessera://app/');
    expect(page.status).toBe(200);
    expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(page.headers.get('cache-control')).toBe('no-store');
    const text = await page.text();
    expect(page.headers.get('content-length')).toBe(String(text.length));
    expect(text).toContain('Tessera');
    const script = await ask('tessera://app/assets/main-abc.js');
    expect(script.headers.get('cache-control')).toContain('immutable');
  });

  test.each([
    'tessera://app/../secret.json',
    'tessera://app/%2e%2e/secret.json',
    'tessera://app/assets/..%2f..%2fsecret.json',
    'tessera://app/assets/%2e%2e/%2e%2e/secret.json',
    'tessera://app/..\\secret.json',
    'tessera://app/assets\\..\\..\\secret.json',
    'tessera://app//secret.json',
    'tessera://app/secret.json%00.html',
    'tessera://app/etc/passwd',
    'tessera://app/nothing.js',
    'tessera://app/assets',
  ])('%s is not there', async (url) => {
    const { ask, logged } = answers();
    const answer = await ask(url);
    expect(answer.status).toBe(404);
    expect(await answer.text()).not.toContain('secret');
    expect(logged).toEqual([]);
  });

  test.each(['tessera://media/pictures/x.png', 'tessera://evil/', 'tessera://app:80/'])(
    '%s is no place of ours',
    async (url) => {
      expect((await answers().ask(url)).status).toBe(403);
    },
  );

  test('is only read', async () => {
    const { ask } = answers();
    expect((await ask('tessera://app/', 'POST')).status).toBe(405);
    const head = await ask('tessera://app/', 'HEAD');
    expect([head.status, await head.text()]).toEqual([200, '']);
  });
});

describe('pictures', () => {
  test('are what the studio has under the path that the page asks for', async () => {
    const file = join(temporaryFolder(), 'picture.png');
    writeFileSync(file, 'pixels');
    const asked: string[] = [];
    const { ask } = answers((path) => {
      asked.push(path);
      return Promise.resolve({ type: 'image/png', body: { file }, immutable: true });
    });
    const answer = await ask(`tessera://app/${mediaPaths.picture(id)}`);
    expect(await answer.text()).toBe('pixels');
    expect(answer.headers.get('content-length')).toBe('6');
    expect(asked).toEqual([mediaPaths.picture(id)]);
  });

  test('made for the moment come from memory, with the name to keep them under', async () => {
    const { ask } = answers(() =>
      Promise.resolve({
        type: 'application/zip',
        body: { bytes: new Uint8Array([1, 2, 3]) },
        immutable: false,
        downloadName: '01234567.tessera',
      }),
    );
    const answer = await ask(`tessera://app/${mediaPaths.tessera(id)}`);
    expect(new Uint8Array(await answer.arrayBuffer())).toEqual(new Uint8Array([1, 2, 3]));
    expect(answer.headers.get('content-disposition')).toBe('attachment; filename="01234567.tessera"');
  });

  test('that are gone, and a studio that fails, say so without their paths', async () => {
    expect((await answers().ask(`tessera://app/${mediaPaths.picture(id)}`)).status).toBe(404);
    const { ask, logged } = answers(() => Promise.reject(new Error('/home/someone/secret is broken')));
    const answer = await ask(`tessera://app/${mediaPaths.picture(id)}`);
    expect(answer.status).toBe(500);
    expect(await answer.text()).not.toContain('someone');
    expect(logged).toHaveLength(1);
  });
});

describe('the policy', () => {
  test('is on every answer', async () => {
    const { ask } = answers();
    for (const url of [
      'tessera://app/',
      'tessera://app/nothing.js',
      'tessera://evil/',
      'tessera://app/media/x',
    ]) {
      const { headers } = await ask(url);
      for (const [name, value] of Object.entries(securityHeaders)) expect(headers.get(name)).toBe(value);
    }
  });
});
