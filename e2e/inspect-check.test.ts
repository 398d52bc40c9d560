import { copyFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { goldenFolder } from '#tests/golden-model.ts';
import { temporaryFolder } from '#tests/temporary.ts';
import { runTessera, tinyModel } from './run-tessera.ts';

let folder: string;
beforeEach(async () => {
  folder = await temporaryFolder();
});

test('inspect says what a checkpoint is and which blocks can merge', async () => {
  const { code, stdout, stderr } = await runTessera(['inspect', tinyModel], folder);
  expect([code, stderr]).toEqual([0, '']);
  expect(stdout).toContain('kind       sd1');
  expect(stdout).toMatch(/down_blocks\.0\.attentions\.0 +1\/1 +16×16 = 256 tokens/);
});

test('inspect --json gives the same as one object', async () => {
  const { code, stdout } = await runTessera(['inspect', join(goldenFolder, 'tiny-sd21'), '--json'], folder);
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({
    ok: true,
    kind: 'sd2-v',
    layout: 'diffusers',
    schedule: { predictionType: 'v_prediction' },
    blocks: expect.arrayContaining([
      expect.objectContaining({ block: 'mid_block.attentions.0' }),
    ]) as unknown[],
  });
});

test('a kind that does not exist is refused with those that do', async () => {
  const ended = await runTessera(['inspect', tinyModel, '--model-kind', 'sd9'], folder);
  expect(ended).toMatchObject({ code: 2, stdout: '' });
  expect(ended.stderr).toContain("'sd9' is invalid. Allowed choices are sd1, sd2-base, sd2-v. See");
});

test('check passes on golden data, and refuses a folder without any', async () => {
  await mkdir(join(folder, 'golden'));
  await copyFile(join(goldenFolder, 'torch-randn.json'), join(folder, 'golden', 'torch-randn.json'));
  const { code, stdout } = await runTessera(['check', 'golden'], folder);
  expect(code).toBe(0);
  expect(stdout).toMatch(/(\d+) cases: \1 passed, 0 failed/);
  await mkdir(join(folder, 'empty'));
  expect(await runTessera(['check', 'empty'], folder)).toMatchObject({
    code: 2,
    stdout: '',
    stderr: expect.stringMatching(/CHECK_INVALID/) as string,
  });
});

test('help and version end well; every command is listed', async () => {
  const help = await runTessera(['--help'], folder);
  expect(help.code).toBe(0);
  for (const command of ['generate', 'inspect', 'check', 'bench']) expect(help.stdout).toContain(command);
  expect((await runTessera(['generate', '--help'], folder)).stdout).toContain('--ratio-end');
  expect((await runTessera(['bench', '--help'], folder)).stdout).toContain('--peers');
  expect((await runTessera(['--version'], folder)).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
});
