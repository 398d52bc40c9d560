import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { temporaryFolder } from '#studio/testing.ts';
import { openDesktop } from './desktop-process.ts';

/** Node stands in for Electron: both run the folder, here a file, that they are given first. */
function program(source: string): string {
  const file = join(temporaryFolder(), 'program.cjs');
  writeFileSync(file, source);
  return file;
}

test("the desktop's exit code is that of npm start", async () => {
  const root = program('process.exit(process.env.ELECTRON_RUN_AS_NODE === undefined ? 3 : 4)');
  vi.stubEnv('ELECTRON_RUN_AS_NODE', '1');
  expect(await openDesktop(process.execPath, { root, files: [] })).toBe(3);
  vi.unstubAllEnvs();
});

test('a signal ends the desktop in order, and no listener stays behind', async () => {
  const ready = join(temporaryFolder(), 'ready');
  const root = program(
    `process.on('SIGTERM', () => process.exit(0));
     require('node:fs').writeFileSync(${JSON.stringify(ready)}, '');
     setInterval(() => undefined, 1000);`,
  );
  const before = process.listenerCount('SIGTERM');
  const ended = openDesktop(process.execPath, { root, files: [] });
  await vi.waitUntil(() => existsSync(ready), { timeout: 20_000 });
  process.emit('SIGTERM', 'SIGTERM');
  expect(await ended).toBe(0);
  expect(process.listenerCount('SIGTERM')).toBe(before);
});

test('a program that cannot be started is an error, not silence', async () => {
  await expect(openDesktop(join(temporaryFolder(), 'none'), { root: '.', files: [] })).rejects.toThrow(
    'ENOENT',
  );
});
