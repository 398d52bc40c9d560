import { describe, expect, it } from 'vitest';
import type { CommandResult } from '../devices/command.ts';
import { watchDevice } from './device-peak.ts';
import { deviceSources, type SystemAccess } from './device-sources.ts';

/** A stand-in for a computer with a graphics card: none of these is at hand where the tests run. */
const standIn = (
  platform: NodeJS.Platform,
  {
    commands = {},
    files = {},
    folder = [],
  }: { commands?: Record<string, CommandResult>; files?: Record<string, string>; folder?: string[] },
): SystemAccess => ({
  platform,
  pid: 7,
  run: (file) => Promise.resolve(commands[file] ?? { state: 'absent' }),
  read: (path) => Promise.resolve(files[path]),
  list: () => Promise.resolve(folder),
});
const firstReading = async (system: SystemAccess) => {
  for (const source of deviceSources(system)) {
    const reading = await source();
    if (reading !== undefined) return reading;
  }
  return undefined;
};
const done = (output: string): CommandResult => ({ state: 'done', output });
const uuid = 'GPU-12345678-1234-1234-1234-123456789abc';

describe('deviceSources, with stand-ins for the cards', () => {
  it('counts what NVIDIA says of this process, over all its cards', async () => {
    const list = `${uuid}, 7, 1000\n${uuid}, 8, 9000\n${uuid}, 7, 24\n`;
    const reading = await firstReading(standIn('linux', { commands: { 'nvidia-smi': done(list) } }));
    expect(reading).toEqual({ bytes: 1024 * 1024 ** 2, source: 'nvidia-smi, this process' });
  });

  it('passes on to the next source where NVIDIA does not know the process, prints rubbish or hangs', async () => {
    const files = { '/sys/class/drm/card1/device/mem_info_vram_used': '4096\n' };
    const folder = ['card1', 'card1-DP-1', 'renderD128'];
    for (const answer of [
      done(`${uuid}, 8, 9000\n`),
      done('Segmentation'),
      { state: 'failed', reason: 'no answer' } as const,
    ]) {
      const reading = await firstReading(
        standIn('linux', { commands: { 'nvidia-smi': answer }, files, folder }),
      );
      expect(reading).toEqual({ bytes: 4096, source: 'mem_info_vram_used of amdgpu, all programs' });
    }
  });

  it("reads Windows' counters and the accelerator of a Mac", async () => {
    const csv =
      '\r\n"(PDH-CSV 4.0)","\\\\PC\\GPU Process Memory(pid_7_a)\\Dedicated Usage","b"\r\n"11/25/2026 01:02:03.4","1048576.000000","2.000000"\r\nExiting.\r\n';
    expect((await firstReading(standIn('win32', { commands: { typeperf: done(csv) } })))?.bytes).toBe(
      1048578,
    );
    const tree =
      '+-o AGX  <class AGXAccelerator>\n {\n "PerformanceStatistics" = {"Alloc system memory"=99,"In use system memory"=42}\n }';
    expect((await firstReading(standIn('darwin', { commands: { ioreg: done(tree) } })))?.bytes).toBe(42);
  });

  it('says nothing where there is nothing to read', async () => {
    for (const platform of ['linux', 'win32', 'darwin', 'freebsd'] as const)
      expect(await firstReading(standIn(platform, {}))).toBeUndefined();
  });
});

describe('watchDevice', () => {
  it('keeps the most that was seen, and the source with it', async () => {
    const values = [5, 9, 3];
    const watch = watchDevice([() => Promise.resolve({ bytes: values.shift() ?? 1, source: 'stand-in' })], 1);
    while (values.length > 0) await new Promise((resolve) => setTimeout(resolve, 1));
    expect(await watch.stop()).toMatchObject({
      bytes: 9,
      source: expect.stringMatching(/^stand-in, most of \d+ looks$/) as string,
    });
  });

  it('gives nothing where no source speaks', async () => {
    expect(await watchDevice([() => Promise.resolve(undefined)], 1).stop()).toBeUndefined();
  });
});
