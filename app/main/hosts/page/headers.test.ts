import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { openStudio, temporaryFolder } from '#studio/testing.ts';
import { startServer } from '../browser/server.ts';
import { createAnswers } from '../desktop/answers.ts';
import { securityHeaders } from './headers.ts';

test('the browser host and the desktop send the page with the same policy', async () => {
  const { studio } = await openStudio();
  const rendererFolder = join(temporaryFolder(), 'renderer');
  mkdirSync(rendererFolder);
  writeFileSync(join(rendererFolder, 'index.html'), '<!doctype html><title>Tessera</title>');
  const server = await startServer({ studio, rendererFolder, host: '127.0.0.1', port: 0 });
  onTestFinished(() => server.close());
  const answer = createAnswers({
    rendererFolder,
    media: (path) => studio.media(path),
    log: (error) => {
      throw error;
    },
  });
  const [served, page] = await Promise.all([
    fetch(`http://127.0.0.1:${server.port}/`),
    answer(new Request('tessera://app/')),
  ]);
  expect(await page.text()).toBe(await served.text());
  for (const [name, value] of Object.entries(securityHeaders)) {
    expect(page.headers.get(name)).toBe(value);
    expect(served.headers.get(name)).toBe(value);
  }
  expect(securityHeaders['Content-Security-Policy']).toContain("default-src 'none'");
});
