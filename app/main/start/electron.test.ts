import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { temporaryFolder } from '#studio/testing.ts';
import { desktopArguments } from './desktop-process.ts';
import { findDesktop, findElectron, type Machine } from './electron.ts';

function machine(changes: Partial<Machine> = {}): Machine {
  return { root: temporaryFolder(), platform: 'linux', env: { DISPLAY: ':0' }, userId: 1000, ...changes };
}

function put(...parts: string[]): string {
  const file = join(...parts);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, '');
  return file;
}

describe('findElectron', () => {
  test.each([
    ['linux', 'electron'],
    ['win32', 'electron.exe'],
    ['darwin', 'Electron.app/Contents/MacOS/Electron'],
  ] as const)('finds the program of %s', (platform, name) => {
    const here = machine({ platform });
    expect(findElectron(here).reason).toContain('install-electron');
    const binary = put(here.root, 'node_modules', 'electron', 'dist', name);
    expect(findElectron(here)).toEqual({ binary });
  });

  test('follows path.txt and ELECTRON_OVERRIDE_DIST_PATH as the electron package does', () => {
    const here = machine();
    const folder = join(here.root, 'node_modules', 'electron');
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'path.txt'), 'bin/other\n');
    expect(findElectron(here)).toEqual({ binary: undefined, reason: expect.any(String) as string });
    expect(findElectron(here).reason).toContain(join('dist', 'bin', 'other'));
    const binary = put(folder, 'dist', 'bin', 'other');
    expect(findElectron(here)).toEqual({ binary });
    const dist = temporaryFolder();
    const overridden = put(dist, 'bin', 'other');
    expect(findElectron({ ...here, env: { ELECTRON_OVERRIDE_DIST_PATH: dist } })).toEqual({
      binary: overridden,
    });
  });
});

describe('findDesktop', () => {
  const equipped = (changes: Partial<Machine> = {}): Machine => {
    const here = machine(changes);
    put(here.root, 'node_modules', 'electron', 'dist', 'electron');
    put(here.root, 'node_modules', 'electron', 'dist', 'electron.exe');
    return here;
  };

  test('opens where there is a program, a display and an ordinary user', () => {
    expect(findDesktop(equipped()).binary).toBeDefined();
    expect(findDesktop(equipped({ env: { WAYLAND_DISPLAY: 'wayland-0' } })).binary).toBeDefined();
    expect(findDesktop(equipped({ platform: 'win32', env: {}, userId: undefined })).binary).toBeDefined();
  });

  test.each([
    ['no program', () => machine(), 'Electron'],
    ['no display', () => equipped({ env: {} }), 'DISPLAY'],
    ['an empty display', () => equipped({ env: { DISPLAY: '' } }), 'DISPLAY'],
    ['root', () => equipped({ userId: 0 }), 'root'],
  ])('says why not with %s, in one line', (_what, make, word) => {
    const { binary, reason } = findDesktop(make());
    expect(binary).toBeUndefined();
    expect(reason).toContain(word);
    expect(reason).not.toContain('\n');
  });
});

test('Electron is given the folder of the program and whole paths', () => {
  expect(desktopArguments({ root: '/app', files: [] })).toEqual(['/app']);
  expect(desktopArguments({ root: '/app', home: '/h', models: ['/a', '/b'], files: ['/x.png'] })).toEqual([
    '/app',
    '--home=/h',
    '--models=/a',
    '--models=/b',
    '/x.png',
  ]);
});
