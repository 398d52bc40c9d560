import { mkdtemp, rm, writeFile, chmod } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { runCommand, type CommandResult, type RunCommand } from './command.ts';
import { listNvidiaGpus, listNvidiaProcesses, type NvidiaGpu } from './nvidia-smi.ts';
import { visibleGpus } from './visible-devices.ts';

/** Stand-ins for nvidia-smi: no card of NVIDIA is needed to run these. */
const standIn =
  (result: CommandResult): RunCommand =>
  () =>
    Promise.resolve(result);
const printing = (output: string): RunCommand => standIn({ state: 'done', output });

const two = [
  '0, GPU-8932f937-d72c-4106-c12f-20bd9faed9f6, NVIDIA GeForce RTX 3060, 560.35.03, 12288, 411',
  '1, GPU-1b2c3d4e-0000-4106-c12f-20bd9faed9f6, NVIDIA RTX A2000, 560.35.03, [N/A], [N/A]',
  '',
].join('\n');

describe('nvidia-smi (stand-in)', () => {
  test('reads two GPUs, and tells no memory where the driver does not', async () => {
    expect(await listNvidiaGpus(printing(two))).toEqual({
      state: 'done',
      rows: [
        {
          index: 0,
          uuid: 'GPU-8932f937-d72c-4106-c12f-20bd9faed9f6',
          name: 'NVIDIA GeForce RTX 3060',
          driver: '560.35.03',
          totalBytes: 12_884_901_888,
          usedBytes: 430_964_736,
        },
        expect.objectContaining({ index: 1, name: 'NVIDIA RTX A2000', totalBytes: null, usedBytes: null }),
      ],
    });
  });

  test('asks for what is read, in its order', async () => {
    let asked: readonly string[] = [];
    await listNvidiaGpus((file, args) => {
      asked = [file, ...args];
      return Promise.resolve({ state: 'absent' });
    });
    expect(asked).toEqual([
      'nvidia-smi',
      '--query-gpu=index,uuid,name,driver_version,memory.total,memory.used',
      '--format=csv,noheader,nounits',
    ]);
  });

  test('reads what each process holds', async () => {
    const output = 'GPU-8932f937-d72c-4106-c12f-20bd9faed9f6, 4242, 2048\n';
    expect(await listNvidiaProcesses(printing(output))).toEqual({
      state: 'done',
      rows: [{ uuid: 'GPU-8932f937-d72c-4106-c12f-20bd9faed9f6', pid: 4242, usedBytes: 2_147_483_648 }],
    });
  });

  test.each([
    ['a table instead of rows', '+------+\n| NVIDIA-SMI 560 |\n+------+'],
    ['a column too few', '0, GPU-8932f937-d72c, NVIDIA GeForce RTX 3060, 560.35.03, 12288'],
    ['an index that is none', 'x, GPU-8932f937-d72c, NVIDIA GeForce RTX 3060, 560.35.03, 12288, 4'],
    ['bytes that are no text', '\u0000\u0001\ufffd\ufffd'],
    ['one good line and one bad', `${two}\nERR!`],
  ])('refuses %s, quoting it', async (_, output) => {
    const answer = await listNvidiaGpus(printing(output));
    expect(answer).toMatchObject({
      state: 'failed',
      reason: expect.stringMatching(/^nvidia-smi printed ".*" instead of index/) as string,
    });
  });

  test('tells no GPU from no tool', async () => {
    expect(await listNvidiaGpus(printing('No devices were found\n'))).toEqual({ state: 'done', rows: [] });
    expect(await listNvidiaGpus(standIn({ state: 'absent' }))).toEqual({ state: 'absent' });
  });
});

describe.skipIf(process.platform === 'win32')('a command of the system', () => {
  test('that hangs is ended, one that is missing is absent, one that fails says why', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'tessera-command-'));
    try {
      const script = async (name: string, body: string): Promise<string> => {
        const path = join(folder, name);
        await writeFile(path, `#!/bin/sh\n${body}\n`);
        await chmod(path, 0o755);
        return path;
      };
      expect(await runCommand(await script('hangs', 'exec sleep 60'), [], 200)).toEqual({
        state: 'failed',
        reason: expect.stringContaining('gave no answer within 0.2 s') as string,
      });
      expect(await runCommand(join(folder, 'missing'), [], 1000)).toEqual({ state: 'absent' });
      const failing = await script(
        'fails',
        'echo "Failed to initialize NVML: Driver/library version mismatch"; exit 18',
      );
      expect(await runCommand(failing, [], 5000)).toEqual({
        state: 'failed',
        reason: expect.stringContaining('Driver/library version mismatch') as string,
      });
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

describe('CUDA_VISIBLE_DEVICES', () => {
  const gpu = (index: number, uuid: string): NvidiaGpu => ({
    ...{ index, uuid, name: `GPU ${index}`, driver: '560' },
    totalBytes: null,
    usedBytes: null,
  });
  const gpus = [gpu(0, 'GPU-aaaa1111'), gpu(1, 'GPU-bbbb2222'), gpu(2, 'GPU-cccc3333')];
  const seen = (variable: string | undefined): number[] =>
    visibleGpus(gpus, variable).map(({ index }) => index);

  test.each([
    ['unset shows all', undefined, [0, 1, 2]],
    ['empty hides all', '', []],
    ['-1 hides all', '-1', []],
    ['numbers reorder', '2,0', [2, 0]],
    ['a UUID, or its beginning', 'GPU-bbbb', [1]],
    ['ends at the first that names none', '1,7,0', [1]],
    ['ends at one named twice', '1,1,0', [1]],
    ['NoDevFiles hides all', 'NoDevFiles', []],
  ])('%s', (_, variable, expected) => {
    expect(seen(variable)).toEqual(expected);
  });

  test('numbers anew what is left, as CUDA does', () => {
    expect(visibleGpus(gpus, '2,0').map(({ ordinal }) => ordinal)).toEqual([0, 1]);
  });
});
