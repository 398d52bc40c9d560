import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Command } from 'commander';
import { expect, test } from 'vitest';
import { errorCodes } from '#contract/errors.ts';
import { schedulerNames } from '#contract/request.ts';
import { addGenerateOptions } from '#main/hosts/terminal/generate-options.ts';

const read = (name: string) => readFile(join(import.meta.dirname, '..', 'docs', name), 'utf8');

test('docs/errors.md explains every error code, and no other', async () => {
  const explained = [...(await read('errors.md')).matchAll(/^\| `([A-Z_]+)` +\|/gm)].map(([, code]) => code);
  expect(explained.toSorted()).toEqual([...errorCodes].toSorted());
});

test('docs/usage.md names every option of generate and every scheduler', async () => {
  const text = await read('usage.md');
  const options = addGenerateOptions(new Command()).options.map(({ long }) => long ?? '');
  expect(options.filter((option) => !text.includes(option))).toEqual([]);
  expect(schedulerNames.filter((name) => !text.includes(`\`${name}\``))).toEqual([]);
});
