import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { freemem } from 'node:os';
import { dirname, join } from 'node:path';

/** Reads a text file of the system; undefined where there is none, or it may not be read. */
export type ReadText = (path: string) => Promise<string | undefined>;

export const readText: ReadText = (path) => readFile(path, 'utf8').catch(() => undefined);

/**
 * The same at once, for files of the kernel's memory: 0.02 ms each. Asynchronous reads wait for turns, and behind what a
 * window asks between two pictures that came to 26 ms.
 */
const readAtOnce: ReadText = (path) => {
  try {
    return Promise.resolve(readFileSync(path, 'utf8'));
  } catch {
    return Promise.resolve(undefined);
  }
};

/** Memory that a new process can have: what the system has, and no more than a container's limit leaves. */
export async function freeMemoryBytes(read: ReadText = readAtOnce, systemFree = freemem): Promise<number> {
  const available = kibibytes(await read('/proc/meminfo'), 'MemAvailable');
  // On Linux what the kernel can give back counts too; elsewhere what the system calls free is what is known.
  const system = available === undefined ? systemFree() : available * 1024;
  const group = (await read('/proc/self/cgroup')) ?? '';
  const limits = await Promise.all([unifiedLeft(group, read), legacyLeft(group, read)]);
  return Math.max(0, Math.min(system, ...limits));
}

/** What another process holds, and would give back; 0 where that cannot be told. */
export async function residentBytes(pid: number | undefined, read: ReadText = readAtOnce): Promise<number> {
  return pid === undefined ? 0 : (kibibytes(await read(`/proc/${pid}/status`), 'VmRSS') ?? 0) * 1024;
}

const cgroupRoot = '/sys/fs/cgroup';

/** Version 2: every group up to the root may set a limit (Documentation/admin-guide/cgroup-v2.rst, memory.max). */
async function unifiedLeft(group: string, read: ReadText): Promise<number> {
  const path = /^0::(\/.*)$/m.exec(group)?.[1];
  if (path === undefined) return Infinity;
  const left = upwards(path).map(async (folder) => {
    const file = (name: string) => read(join(cgroupRoot, folder, name));
    const limit = bytes(await file('memory.max'));
    if (limit === undefined) return Infinity;
    return (
      limit -
      (bytes(await file('memory.current')) ?? 0) +
      (field(await file('memory.stat'), 'inactive_file') ?? 0)
    );
  });
  return Math.min(...(await Promise.all(left)));
}

/** Version 1 says "no limit" by a number near 2⁶³ (Documentation/admin-guide/cgroup-v1/memory.rst). */
async function legacyLeft(group: string, read: ReadText): Promise<number> {
  const path = /^\d+:(?:[\w=]+,)*memory(?:,[\w=]+)*:(\/.*)$/m.exec(group)?.[1];
  if (path === undefined) return Infinity;
  const left = upwards(path).map(async (folder) => {
    const file = (name: string) => read(join(cgroupRoot, 'memory', folder, name));
    const limit = bytes(await file('memory.limit_in_bytes'));
    if (limit === undefined || limit > noLegacyLimit) return Infinity;
    const used = bytes(await file('memory.usage_in_bytes')) ?? 0;
    return limit - used + (field(await file('memory.stat'), 'total_inactive_file') ?? 0);
  });
  return Math.min(...(await Promise.all(left)));
}

const noLegacyLimit = 2 ** 60;

/** A container may see its own group as the root, and only there; a path that is not there is read as no limit. */
function upwards(path: string): string[] {
  return path === '/' ? ['/'] : [path, ...upwards(dirname(path))];
}

function bytes(text: string | undefined): number | undefined {
  return text !== undefined && /^\d+\s*$/.test(text) ? Number(text) : undefined;
}

function field(text: string | undefined, name: string): number | undefined {
  const value = new RegExp(`^${name} (\\d+)$`, 'm').exec(text ?? '')?.[1];
  return value === undefined ? undefined : Number(value);
}

function kibibytes(text: string | undefined, name: string): number | undefined {
  const value = new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(text ?? '')?.[1];
  return value === undefined ? undefined : Number(value);
}
