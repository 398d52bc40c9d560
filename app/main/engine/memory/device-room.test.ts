import { expect, test } from 'vitest';
import type { Candidate } from '#contract/runtime.ts';
import type { CommandResult } from '../devices/command.ts';
import { deviceRoom, type RoomAccess } from './device-room.ts';

const MiB = 1024 ** 2;
const uuids = ['GPU-11111111-1111-1111-1111-111111111111', 'GPU-22222222-2222-2222-2222-222222222222'];
const twoCards = [
  `0, ${uuids[0] ?? ''}, NVIDIA GeForce GTX 1650, 550.1, 4096, 1096`,
  `1, ${uuids[1] ?? ''}, NVIDIA GeForce RTX 3060, 550.1, 12288, 288`,
].join('\n');

/** A stand-in for a computer with graphics cards: none is at hand where the tests run. */
function standIn({
  gpus = { state: 'absent' },
  processes = { state: 'done', output: '' },
  ...more
}: Partial<RoomAccess> & { gpus?: CommandResult; processes?: CommandResult }): RoomAccess {
  return {
    platform: 'linux',
    pid: 7,
    env: {},
    run: (_file, [query = '']) => Promise.resolve(query.startsWith('--query-gpu') ? gpus : processes),
    read: () => Promise.resolve(undefined),
    adapters: () => Promise.resolve([]),
    ...more,
  };
}
const done = (output: string): CommandResult => ({ state: 'done', output });
const on = (more: Partial<Candidate>): Candidate => ({
  ...{ provider: 'webgpu', index: 0, device: 'NVIDIA GeForce GTX 1650', precision: 'f16' },
  ...more,
});

test('a card of NVIDIA has what is not used, and what this process holds serves the job', async () => {
  const gpus = done(twoCards);
  const room = { freeBytes: 3000 * MiB, source: 'nvidia-smi' };
  expect(await deviceRoom(on({}), 0, standIn({ gpus }))).toEqual(room);
  const processes = done(`${uuids[0] ?? ''}, 7, 1000\n${uuids[1] ?? ''}, 7, 5\n`);
  const own = await deviceRoom(on({}), 1, standIn({ gpus, processes }));
  expect(own?.freeBytes).toBe(4000 * MiB);
  // As on Windows: the driver does not tell of processes.
  const thought = await deviceRoom(on({}), 500 * MiB, standIn({ gpus, platform: 'win32' }));
  expect(thought?.freeBytes).toBe(3500 * MiB);
});

test('CUDA counts the cards that it is shown', async () => {
  const access = standIn({ gpus: done(twoCards), env: { CUDA_VISIBLE_DEVICES: '1,0' } });
  expect((await deviceRoom(on({ provider: 'cuda', index: 0 }), 0, access))?.freeBytes).toBe(12000 * MiB);
  expect((await deviceRoom(on({ provider: 'cuda', index: 1 }), 0, access))?.freeBytes).toBe(3000 * MiB);
});

test('a card of AMD has its own memory and what the driver lends it', async () => {
  const files: Record<string, string> = {
    '/card1/mem_info_vram_total': '1000\n',
    '/card1/mem_info_vram_used': '600\n',
    '/card1/mem_info_gtt_total': '9000\n',
    '/card1/mem_info_gtt_used': '1000\n',
  };
  const adapter = { name: 'AMD Radeon 780M', memoryBytes: 1000, driver: null, source: '/card1' };
  const access = standIn({
    adapters: () => Promise.resolve([adapter]),
    read: (path) => Promise.resolve(files[path]),
  });
  const room = { freeBytes: 8400, source: 'mem_info_vram and mem_info_gtt of amdgpu' };
  expect(await deviceRoom(on({ device: 'AMD Radeon 780M' }), 0, access)).toEqual(room);
  const silent = { ...access, read: () => Promise.resolve('unknown') };
  expect(await deviceRoom(on({ device: 'AMD Radeon 780M' }), 0, silent)).toBeUndefined();
});

test.each([
  ['the processor', on({ provider: 'cpu', device: 'CPU' }), { gpus: done(twoCards) }],
  ['a Mac, whose memory is shared', on({ provider: 'coreml' }), { platform: 'darwin' as const }],
  ['a card that no driver tells of', on({ device: 'Intel UHD Graphics' }), { gpus: done(twoCards) }],
  ['a driver that fails', on({}), { gpus: { state: 'failed', reason: 'no answer' } as const }],
  ['one that prints rubbish', on({}), { gpus: done('Segmentation fault') }],
  ['one that does not tell', on({}), { gpus: done(twoCards.replace('4096', '[N/A]')) }],
])('nothing is known of %s', async (_what, candidate, access) => {
  expect(await deviceRoom(candidate, 0, standIn(access))).toBeUndefined();
});
