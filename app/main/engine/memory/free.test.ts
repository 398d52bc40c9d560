import { describe, expect, it } from 'vitest';
import { freeMemoryBytes } from './free.ts';

const GiB = 1024 ** 3;
/** Stand-ins for the files of a system with 16 GiB available. */
const system = { '/proc/meminfo': 'MemTotal:       33554432 kB\nMemAvailable:   16777216 kB\n' };
const reader = (files: Record<string, string>) => (path: string) => Promise.resolve(files[path]);

describe('freeMemoryBytes', () => {
  it('is what the kernel can give where no group has a limit', async () => {
    const files = {
      ...system,
      '/proc/self/cgroup': '0::/user.slice\n',
      '/sys/fs/cgroup/user.slice/memory.max': 'max\n',
    };
    expect(await freeMemoryBytes(reader(files))).toBe(16 * GiB);
  });

  it('is what the tightest group above leaves, its idle file pages not counted as used', async () => {
    const files = {
      ...system,
      '/proc/self/cgroup': '0::/box/inner\n',
      '/sys/fs/cgroup/box/memory.max': `${4 * GiB}\n`,
      '/sys/fs/cgroup/box/memory.current': `${3 * GiB}\n`,
      '/sys/fs/cgroup/box/memory.stat': `anon 5\ninactive_file ${GiB}\n`,
      '/sys/fs/cgroup/box/inner/memory.max': 'max\n',
    };
    expect(await freeMemoryBytes(reader(files))).toBe(2 * GiB);
  });

  it('reads the limits of the first version of groups, where a huge number is none', async () => {
    const group = { ...system, '/proc/self/cgroup': '4:memory:/box\n0::/\n' };
    const limit = (value: string) => ({ ...group, '/sys/fs/cgroup/memory/box/memory.limit_in_bytes': value });
    const used = { '/sys/fs/cgroup/memory/box/memory.usage_in_bytes': `${GiB}` };
    expect(await freeMemoryBytes(reader({ ...limit(`${2 * GiB}`), ...used }))).toBe(GiB);
    expect(await freeMemoryBytes(reader({ ...limit('9223372036854771712'), ...used }))).toBe(16 * GiB);
  });

  it('is never below zero', async () => {
    const files = {
      ...system,
      '/proc/self/cgroup': '0::/\n',
      '/sys/fs/cgroup/memory.max': '100',
      '/sys/fs/cgroup/memory.current': '200',
    };
    expect(await freeMemoryBytes(reader(files))).toBe(0);
  });

  it('asks the system where there is no such file', async () => {
    expect(await freeMemoryBytes(reader({}), () => 123)).toBe(123);
  });
});
