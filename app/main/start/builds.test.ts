import { mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { temporaryFolder } from '#studio/testing.ts';
import { isStale, runBuild, type Build } from './builds.ts';

const build: Build = { result: 'out/index.html', sources: ['app', 'lock.json'], config: 'vite.config.ts' };

/** Sources of minute 10, a result of minute 20. */
function project(): string {
  const root = temporaryFolder();
  for (const folder of ['app/renderer/paraglide', 'out']) mkdirSync(join(root, folder), { recursive: true });
  touch(root, 'app/renderer/main.ts', 10);
  touch(root, 'app/renderer/paraglide/messages.js', 30);
  touch(root, 'lock.json', 10);
  touch(root, 'out/index.html', 20);
  return root;
}

function touch(root: string, file: string, minute: number): void {
  writeFileSync(join(root, file), '');
  utimesSync(join(root, file), minute * 60, minute * 60);
}

describe('isStale', () => {
  test('leaves a build alone that is newer than its sources, whatever the build wrote itself', () => {
    expect(isStale(project(), build)).toBe(false);
  });

  test.each(['app/renderer/main.ts', 'lock.json', 'app/renderer/new.svelte'])(
    'sees that %s is newer',
    (file) => {
      const root = project();
      touch(root, file, 25);
      expect(isStale(root, build)).toBe(true);
    },
  );

  test('sees that nothing was built', () => {
    expect(isStale(project(), { ...build, result: 'out/other.html' })).toBe(true);
  });
});

test('a build that fails says what it said', async () => {
  const root = join(import.meta.dirname, '..', '..', '..');
  await expect(runBuild(root, { ...build, config: 'missing.config.ts' })).rejects.toMatchObject({
    code: 'OUTPUT_UNWRITABLE',
    message: expect.stringContaining('missing.config.ts') as string,
  });
});
