import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeEach, describe, expect, test } from 'vitest';
import { temporaryFolder } from '#tests/temporary.ts';
import { engineOf, runTessera, startTessera, tinyModel } from './run-tessera.ts';

let folder: string;
beforeEach(async () => {
  folder = await temporaryFolder();
  await writeFile(join(folder, 'a-file'), 'text');
  await mkdir(join(folder, 'folder.png'));
});

const tiny = ['--model', tinyModel, '--steps', '1', '--size', '64x64'];

/** One message, the right exit code, nothing on stdout, nothing left behind. */
async function refused(args: readonly string[], code: number, says: RegExp): Promise<void> {
  const before = await readdir(folder);
  const ended = await runTessera(args, folder);
  expect(ended.stderr).toMatch(says);
  expect(ended).toMatchObject({ code, stdout: '' });
  expect(
    ended.stderr
      .trim()
      .split('\n')
      .filter((line) => line.startsWith('Error')),
  ).toHaveLength(1);
  expect(await readdir(folder)).toEqual(before);
}

describe('wrong requests end with 2 and say what is allowed', () => {
  test.each<[string, string[], RegExp]>([
    ['a size off the grid', ['--size', '100x64'], /width is 100; allowed: 64 to 2048 px in steps of 8/],
    ['a size too large', ['--height', '4096'], /height is 4096; allowed: 64 to 2048/],
    ['a size in words', ['--size', 'big'], /--size is "big"; allowed: two whole numbers/],
    ['a ratio above 1', ['--ratio', '1.5'], /merging ratio is 1.5; allowed: 0 to 1/],
    ['a ratio in words', ['--ratio', 'half'], /--ratio is "half"; allowed: a number/],
    ['no steps', ['--steps', '0'], /steps is 0; allowed: whole numbers 1 to 1000/],
    ['part of a step', ['--steps', '2.5'], /steps is 2.5; allowed: whole numbers/],
    ['a negative seed', ['--seed', '-1'], /seed is -1; allowed: whole numbers 0 to/],
    ['an unknown scheduler', ['--scheduler', 'magic'], /scheduler is magic; allowed: ddim, pndm/],
    ['guidance below 1', ['--guidance', '0.5'], /guidance scale is 0.5; allowed: 1 to 50/],
    [
      'an unknown module',
      ['--ratio', '.5', '--merge', 'self,brain'],
      /--merge names brain; allowed: self, cross, mlp/,
    ],
    ['a step cache in words', ['--step-cache', 'often'], /--step-cache is "often"; allowed: a number/],
    ['a step cache of every step', ['--step-cache', '1'], /interval is 1; allowed: whole numbers 2 to 50/],
    ['an unknown option', ['--stepz', '3'], /Unknown option '--stepz' \(Did you mean --steps\?\)/],
    ['two faults at once', ['--steps', '0', '--count', '0'], /steps is 0.*count is 0/],
  ])('%s', async (_name, options, says) => {
    await refused(['generate', 'a sun', ...options], 2, says);
  });

  test('a block that the model lacks, with the blocks it has', async () => {
    const args = [
      'generate',
      'a sun',
      ...tiny,
      '--ratio',
      '.5',
      '--merge-blocks',
      'down_blocks.7',
      '--out',
      'x.png',
    ];
    await refused(args, 2, /no merging block down_blocks.7; allowed: down_blocks.0.attentions.0/);
  });

  test('no prompt, and an unknown command', async () => {
    await refused(['generate'], 2, /Missing required argument 'prompt'/);
    await refused(['generat'], 2, /Unknown command 'generat'/);
  });

  test('as JSON with --json', async () => {
    const { code, stdout, stderr } = await runTessera(
      ['generate', 'a sun', '--steps', '0', '--json'],
      folder,
    );
    expect([code, stderr]).toEqual([2, '']);
    expect(JSON.parse(stdout)).toMatchObject({
      ok: false,
      error: { code: 'REQUEST_INVALID', message: expect.stringContaining('steps is 0') as string },
    });
  });
});

describe('outputs and models that cannot be used end with 1', () => {
  test.each<[string, string[], RegExp]>([
    [
      'a folder that does not exist',
      ['--out', 'no/such/a.png'],
      /OUTPUT_UNWRITABLE.*a\.png cannot be written: its folder does not exist/,
    ],
    ['a path through a file', ['--out', 'a-file/a.png'], /cannot be written: a part of the path is a file/],
    ['another kind of picture', ['--out', 'a.jpg'], /does not end in .png/],
    ['a file where a folder is meant', ['--maps', 'a-file'], /a-file cannot be written/],
    ['a preview nowhere', ['--preview', 'no/such/p.png'], /p\.png cannot be written/],
    ['no model', ['--model', 'no-such-model'], /MODEL_NOT_FOUND.*no-such-model/],
    ['a model that is no checkpoint', ['--model', 'a-file'], /Error \(MODEL_/],
  ])('%s', async (_name, options, says) => {
    await refused(['generate', 'a sun', '--steps', '1', ...options], 1, says);
  });
});

const long = [
  'generate',
  'a sun',
  '--model',
  tinyModel,
  '--steps',
  '900',
  '--size',
  '256x256',
  '--ratio',
  '.5',
];
const outputs = ['--out', 'x.png', '--maps', 'maps', '--preview', 'p.png', '--preview-every', '500'];

describe.runIf(process.platform === 'linux')('a job that is stopped leaves nothing behind', () => {
  test('Ctrl-C ends with 130', async () => {
    const before = await readdir(folder);
    const running = startTessera([...long, ...outputs], folder);
    await running.saying('step 1 of 900');
    const engine = engineOf(running);
    process.kill(-running.pid, 'SIGINT');
    const { code, stderr, stdout } = await running.ended;
    expect([code, stdout]).toEqual([130, '']);
    expect(stderr).toMatch(/Cancelled/);
    expect(stderr).not.toMatch(/Error/);
    expect(await readdir(folder)).toEqual(before);
    expect(() => process.kill(engine, 0)).toThrow();
  });

  test('a killed engine ends with 1 and what it may mean', async () => {
    const before = await readdir(folder);
    const running = startTessera([...long, ...outputs], folder);
    await running.saying('step 1 of 900');
    process.kill(engineOf(running), 'SIGKILL');
    const { code, stderr } = await running.ended;
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /Error \(ENGINE_DIED\): The engine process died during the job \(signal SIGKILL\).*memory ran out/,
    );
    expect(await readdir(folder)).toEqual(before);
  });

  test('a folder that vanishes under way stops the job, and says so', async () => {
    const steps = ['--model', tinyModel, '--steps', '10', '--size', '128x128', '--count', '300'];
    const running = startTessera(['generate', 'a sun', ...steps, '--out', 'gone'], folder);
    await running.saying('step 1 of 3000');
    await rm(join(folder, 'gone'), { recursive: true });
    const { code, stderr } = await running.ended;
    expect(code).toBe(1);
    expect(stderr).toMatch(/OUTPUT_UNWRITABLE.*cannot be written: its folder does not exist/);
    expect(await readdir(folder)).not.toContain('gone');
  });

  test('an engine whose host was killed ends by itself', async () => {
    const running = startTessera([...long, '--out', 'x.png'], folder);
    await running.saying('step 1 of 900');
    const engine = engineOf(running);
    process.kill(running.pid, 'SIGKILL');
    await running.ended;
    await expect.poll(() => isAlive(engine), { timeout: 30_000 }).toBe(false);
  });
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

test.skipIf(process.platform === 'win32')(
  'a reader that goes before the end costs no picture (not on Windows, which has no such pipes)',
  async () => {
    const main = fileURLToPath(import.meta.resolve('#main/hosts/terminal/main.ts'));
    const args = ['generate', 'a red sun', ...tiny, '--out', join(folder, 'kept.png'), '--json'];
    const child = spawn(process.execPath, [main, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    child.stdout.destroy();
    child.stderr.destroy();
    const [code] = (await once(child, 'close')) as [number | null];
    expect(code).toBe(0);
    expect(await readdir(folder)).toContain('kept.png');
  },
);
