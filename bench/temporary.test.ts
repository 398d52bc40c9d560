import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import { assertFreeSpace, withTemporaryFolder } from './temporary.ts';

test('the folder is there while the work runs, and gone when it fails', async () => {
  let seen = '';
  const failing = withTemporaryFolder((folder) => {
    seen = folder;
    expect(existsSync(folder)).toBe(true);
    return Promise.reject(new Error('the work failed'));
  });
  await expect(failing).rejects.toThrow('the work failed');
  expect(existsSync(seen)).toBe(false);
});

test('signals, even two of them, leave nothing behind', async () => {
  const module = pathToFileURL(join(import.meta.dirname, 'temporary.ts')).href;
  const code = `import { writeFileSync } from 'node:fs';
    import { withTemporaryFolder } from ${JSON.stringify(module)};
    await withTemporaryFolder((folder) => {
      for (let i = 0; i < 200; i++) writeFileSync(folder + '/' + i, 'x');
      console.log(folder);
      return new Promise((resolve) => setTimeout(resolve, 60_000));
    });`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', code], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [chunk] = (await once(child.stdout, 'data')) as [Buffer];
  const folder = chunk.toString().trim();
  expect(existsSync(folder)).toBe(true);
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  child.kill('SIGINT');
  const [exitCode] = (await ended) as [number | null];
  expect([130, 143]).toContain(exitCode);
  expect(existsSync(folder)).toBe(false);
});

test('a disk with too little room is refused before anything is written', async () => {
  await expect(assertFreeSpace(tmpdir(), 1e18)).rejects.toThrow(/takes 1000000000\.0 GB, but .* free/);
  await assertFreeSpace(tmpdir(), 1);
});
