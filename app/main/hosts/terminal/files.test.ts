import { existsSync } from 'node:fs';
import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { temporaryFolder } from '#tests/temporary.ts';
import {
  assertFolderWritable,
  claimUnfinished,
  kindOf,
  makeFolder,
  removeUnfinished,
  unwritable,
  writeWhole,
} from './files.ts';
import { chooseOutput, slug } from './output-target.ts';

let folder: string;
beforeEach(async () => {
  folder = await temporaryFolder();
});

describe('writeWhole', () => {
  test('replaces a file, and leaves no other', async () => {
    await writeFile(join(folder, 'a'), 'old');
    await writeWhole(join(folder, 'a'), 'new');
    expect(await readFile(join(folder, 'a'), 'utf8')).toBe('new');
    expect(await readdir(folder)).toEqual(['a']);
  });

  test('leaves nothing when it cannot end', async () => {
    await mkdir(join(folder, 'a', 'b'), { recursive: true });
    await expect(writeWhole(join(folder, 'a'), 'new')).rejects.toMatchObject({ code: 'OUTPUT_UNWRITABLE' });
    expect(await readdir(folder)).toEqual(['a']);
  });
});

test('what is unfinished when the process ends is removed, files and folders', async () => {
  const file = claimUnfinished(join(folder, 'a.png'));
  const maps = claimUnfinished(join(folder, 'maps'));
  await writeFile(file.path, 'half');
  await mkdir(maps.path);
  await writeFile(join(maps.path, 'x'), 'half');
  removeUnfinished();
  expect(await readdir(folder)).toEqual([]);
});

test('makeFolder makes one folder, says whether it was new, and refuses the place of a file', async () => {
  expect(await makeFolder(join(folder, 'a'))).toBe(true);
  expect(await makeFolder(join(folder, 'a'))).toBe(false);
  await expect(makeFolder(join(folder, 'b', 'c'))).rejects.toMatchObject({ details: { reason: 'ENOENT' } });
  await writeFile(join(folder, 'file'), '');
  await expect(makeFolder(join(folder, 'file'))).rejects.toMatchObject({ code: 'OUTPUT_UNWRITABLE' });
});

test('a probe of a folder leaves no trace; a missing folder is named with its reason', async () => {
  await assertFolderWritable(folder, 'x');
  expect(await readdir(folder)).toEqual([]);
  await expect(assertFolderWritable(join(folder, 'no'), 'no/a.png')).rejects.toThrow(
    'no/a.png cannot be written: its folder does not exist. Create the folder',
  );
});

test.runIf(process.platform === 'linux')('a place that takes no files is not called missing', async () => {
  await expect(assertFolderWritable('/proc', '/proc/a.png')).rejects.toThrow('takes no new files in /proc');
});

test('kinds of paths', async () => {
  await writeFile(join(folder, 'file'), '');
  expect(await Promise.all([folder, join(folder, 'file'), join(folder, 'no')].map(kindOf))).toEqual([
    'folder',
    'file',
    'missing',
  ]);
  await expect(kindOf(join(folder, 'file', 'x'))).rejects.toMatchObject({ code: 'OUTPUT_UNWRITABLE' });
});

test.each([
  ['ENOSPC', 'the disk is full'],
  ['EACCES', 'you may not write there'],
  ['EROFS', 'that disk is read-only'],
])('%s is said in words', (code, words) => {
  expect(unwritable('a.png', Object.assign(new Error('x'), { code })).message).toContain(words);
});

describe('chooseOutput', () => {
  test('a name with .png is that file, or a series beside it', async () => {
    const one = await chooseOutput(join(folder, 'a.png'), 1);
    expect(await one.place(0, 5, 'sun')).toBe(join(folder, 'a.png'));
    const three = await chooseOutput(join(folder, 'a.png'), 3);
    expect(await three.place(2, 7, 'sun')).toBe(join(folder, 'a-3.png'));
  });

  test('a folder gets free names, and goes again when nothing was put in it', async () => {
    const target = await chooseOutput(join(folder, 'new'), 1);
    expect(await target.place(0, 5, 'A red Sun!')).toBe(join(folder, 'new', '5-a-red-sun.png'));
    await target.abandon();
    expect(existsSync(join(folder, 'new'))).toBe(false);
    const again = await chooseOutput(folder, 1);
    await writeFile(join(folder, '5-sun.png'), '');
    expect(await again.place(0, 5, 'sun')).toBe(join(folder, '5-sun-2.png'));
    await again.abandon();
    expect(existsSync(folder)).toBe(true);
  });

  test('refuses devices and other kinds of pictures', async () => {
    await expect(chooseOutput('/dev/null', 1)).rejects.toThrow('is a device or a pipe');
    await expect(chooseOutput(join(folder, 'a.jpg'), 1)).rejects.toThrow('does not end in .png');
  });
});

test('a slug is letters and digits that any system takes', () => {
  expect(slug('(Red:1.2) sun, 夕日 & café')).toBe('red-1-2-sun-cafe');
  expect(slug('x '.repeat(60))).toHaveLength(39);
  expect(slug('夕日')).toBe('');
});
