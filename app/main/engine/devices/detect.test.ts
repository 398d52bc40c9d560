import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { providers, type Device } from '#contract/runtime.ts';
import { linuxAdapters, type Adapter } from './adapters.ts';
import type { CommandResult } from './command.ts';
import { detectDevices, type Machine } from './detect.ts';
import { isSoftwareDriver, vulkanDrivers } from './vulkan.ts';

/** Machines are stand-ins; what their tools print is as the tools document it. */
const twoCards: CommandResult = {
  state: 'done',
  output: [
    '0, GPU-aaaa1111-0000, NVIDIA GeForce RTX 3060, 560.35.03, 12288, 411',
    '1, GPU-bbbb2222-0000, NVIDIA GeForce RTX 4090, 560.35.03, 24564, 10',
  ].join('\n'),
};
const amd: Adapter = {
  ...{ name: 'AMD Radeon RX 7800 XT', memoryBytes: 17_163_091_968 },
  ...{ driver: 'DRIVER=amdgpu', source: '/sys/class/drm/card0/device' },
};

function machine(changes: Partial<Machine> & { smi?: CommandResult } = {}): Machine {
  return {
    ...{ platform: 'linux', arch: 'x64', env: {}, cpuName: 'Ryzen', memoryBytes: 32e9 },
    run: () => Promise.resolve(changes.smi ?? { state: 'absent' }),
    linuxAdapters: () => Promise.resolve([]),
    vulkanDrivers: () => Promise.resolve([]),
    controllers: () => Promise.resolve([]),
    ...changes,
  };
}

async function found(changes: Parameters<typeof machine>[0], hasExtra = false) {
  const devices = await detectDevices(machine(changes), providers, hasExtra);
  return (provider: Device['provider']) => devices.filter((device) => device.provider === provider);
}
const radeon = () => Promise.resolve(['/usr/lib/libvulkan_lvp.so', '/usr/lib/libvulkan_radeon.so']);

describe('devices of a machine (stand-in)', () => {
  test('without a graphics card: the CPU, and why nothing else', async () => {
    const of = await found({});
    expect(of('cpu')).toEqual([expect.objectContaining({ name: 'Ryzen', memoryBytes: 32e9, problem: null })]);
    expect(of('webgpu')[0]?.problem).toEqual({ code: 'no-device', message: 'No graphics card was found.' });
    expect(of('cuda')[0]?.problem?.code).toBe('no-device');
    expect(of('dml')[0]?.problem?.code).toBe('not-here');
    expect(of('coreml')[0]?.problem?.code).toBe('not-here');
  });

  test('with two cards of NVIDIA: both under CUDA once its extra is there', async () => {
    const without = await found({ smi: twoCards });
    expect(without('cuda').map(({ problem }) => problem?.code)).toEqual(['extra-missing', 'extra-missing']);
    const cuda = (await found({ smi: twoCards }, true))('cuda');
    expect(cuda).toEqual([
      expect.objectContaining({
        index: 0,
        name: 'NVIDIA GeForce RTX 3060',
        memoryBytes: 12288 * 1024 ** 2,
        problem: null,
      }),
      expect.objectContaining({
        index: 1,
        name: 'NVIDIA GeForce RTX 4090',
        driver: '560.35.03',
        source: 'nvidia-smi',
      }),
    ]);
  });

  test('CUDA_VISIBLE_DEVICES empty hides all from CUDA, and says so; "1" leaves one, which CUDA counts as 0', async () => {
    const hidden = await found({ smi: twoCards, env: { CUDA_VISIBLE_DEVICES: '' } }, true);
    expect(hidden('cuda')).toEqual([
      expect.objectContaining({
        name: null,
        problem: { code: 'hidden', message: 'CUDA_VISIBLE_DEVICES is "", which shows none of 2.' },
      }),
    ]);
    const one = await found({ smi: twoCards, env: { CUDA_VISIBLE_DEVICES: '1' } }, true);
    expect(one('cuda')).toEqual([expect.objectContaining({ index: 0, name: 'NVIDIA GeForce RTX 4090' })]);
  });

  test.each<[string, CommandResult, RegExp]>([
    ['hangs', { state: 'failed', reason: 'nvidia-smi gave no answer within 5 s' }, /no answer within 5 s/],
    ['prints rubbish', { state: 'done', output: '<html>' }, /printed "<html>" instead of index/],
  ])('an nvidia-smi that %s is told, and costs nothing else', async (_, smi, message) => {
    const of = await found({ smi, linuxAdapters: () => Promise.resolve([amd]), vulkanDrivers: radeon }, true);
    expect(of('cuda')[0]?.problem).toEqual({
      code: 'driver',
      message: expect.stringMatching(message) as string,
    });
    expect(of('webgpu')[0]).toMatchObject({ name: amd.name, problem: null });
  });

  test('software behind WebGPU is named as such, also beside a card that has no driver', async () => {
    const swiftshader = () => Promise.resolve(['/usr/lib/chromium/libvk_swiftshader.so']);
    for (const linux of [[], [amd]]) {
      const of = await found({ vulkanDrivers: swiftshader, linuxAdapters: () => Promise.resolve(linux) });
      expect(of('webgpu')[0]).toMatchObject({
        name: 'SwiftShader',
        rawName: '/usr/lib/chromium/libvk_swiftshader.so',
        problem: { code: 'software' },
      });
    }
    const none = await found({ linuxAdapters: () => Promise.resolve([amd]) });
    expect(none('webgpu')[0]?.problem?.message).toMatch(/No Vulkan driver is installed for AMD Radeon/);
  });

  test('Windows: DirectML on each adapter with memory and driver, without the one that is none', async () => {
    const of = await found({
      platform: 'win32',
      controllers: () =>
        Promise.resolve([
          { model: 'NVIDIA GeForce RTX 3060', vram: 12288, driverVersion: '32.0.15.6094' },
          { model: 'Intel UHD Graphics', vram: null },
          { model: 'Microsoft Basic Display Adapter', vram: 0 },
        ]),
    });
    expect(
      of('dml').map(({ index, name, memoryBytes, driver }) => [index, name, memoryBytes, driver]),
    ).toEqual([
      [0, 'NVIDIA GeForce RTX 3060', 12288 * 1024 ** 2, '32.0.15.6094'],
      [1, 'Intel UHD Graphics', null, null],
    ]);
    expect(of('webgpu')[0]).toMatchObject({ name: 'NVIDIA GeForce RTX 3060', problem: null });
    expect(of('cuda')[0]?.problem?.code).toBe('not-here');
  });

  test('macOS: Core ML and WebGPU on the one chip; a system tool that fails costs only the name', async () => {
    const mac = { platform: 'darwin', arch: 'arm64', cpuName: 'Apple M2' } as const;
    const of = await found({
      ...mac,
      controllers: () => Promise.resolve([{ model: 'Apple M2', vram: null }]),
    });
    expect(of('coreml')[0]).toMatchObject({ name: 'Apple M2', memoryBytes: 32e9, problem: null });
    expect(of('webgpu')[0]).toMatchObject({ name: 'Apple M2', problem: null });
    const broken = await found({
      ...mac,
      controllers: () => Promise.reject(new Error('no system_profiler')),
    });
    expect(broken('coreml')[0]).toMatchObject({ name: 'Apple M2', problem: null });
    expect(broken('webgpu')[0]?.problem?.code).toBe('no-device');
  });
});

describe('files of Linux (stand-in)', () => {
  test('sysfs tells an AMD card whole, another by vendor and number, and no screen', async () => {
    const root = await mkdtemp(join(tmpdir(), 'tessera-drm-'));
    try {
      const write = async (path: string, text: string): Promise<void> => {
        await mkdir(join(root, path, '..'), { recursive: true });
        await writeFile(join(root, path), text);
      };
      await write('card0/device/vendor', '0x1002\n');
      await write('card0/device/product_name', 'Radeon PRO W7900\n');
      await write('card0/device/mem_info_vram_total', '48301604864\n');
      await write('card0/device/uevent', 'DRIVER=amdgpu\nPCI_CLASS=30000\n');
      await write('card1/device/vendor', '0x8086\n');
      await write('card1/device/device', '0x46a6\n');
      await write('card0-DP-1/device/vendor', '0x1002\n');
      expect(await linuxAdapters(root)).toEqual([
        {
          ...{ name: 'Radeon PRO W7900', memoryBytes: 48_301_604_864, driver: 'DRIVER=amdgpu' },
          source: join(root, 'card0', 'device'),
        },
        expect.objectContaining({ name: 'Intel graphics 0x46a6', memoryBytes: null }),
      ]);
      expect(await linuxAdapters(join(root, 'missing'))).toEqual([]);
    } finally {
      await rm(root, { recursive: true });
    }
  });

  test('Vulkan drivers are those that the variable names, and what cannot be read is passed over', async () => {
    const root = await mkdtemp(join(tmpdir(), 'tessera-icd-'));
    try {
      const manifest = join(root, 'a.json');
      await writeFile(
        manifest,
        '{ "ICD": { "library_path": "./libvk_swiftshader.so", "api_version": "1.3" } }',
      );
      const env = { VK_ICD_FILENAMES: `${manifest}:${join(root, 'missing.json')}`, VK_DRIVER_FILES: '' };
      const drivers = await vulkanDrivers(env);
      expect(drivers).toEqual(['./libvk_swiftshader.so']);
      expect(drivers.every(isSoftwareDriver)).toBe(true);
      expect(isSoftwareDriver('/usr/lib/libvulkan_radeon.so')).toBe(false);
    } finally {
      await rm(root, { recursive: true });
    }
  });
});
