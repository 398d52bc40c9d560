import { readdir } from 'node:fs/promises';
import { runCommand, type RunCommand } from '../devices/command.ts';
import { listNvidiaProcesses } from '../devices/nvidia-smi.ts';
import { readText, type ReadText } from './free.ts';

/** What a graphics card holds right now, and who says so. Sources count differently: of this process alone, or of all. */
export interface DeviceReading {
  readonly bytes: number;
  readonly source: string;
}

/** Undefined where the source has nothing to say. */
export type DeviceSource = () => Promise<DeviceReading | undefined>;

export interface SystemAccess {
  readonly platform: NodeJS.Platform;
  readonly pid: number;
  readonly run: RunCommand;
  readonly read: ReadText;
  readonly list: (folder: string) => Promise<readonly string[]>;
}

export const thisSystem = (): SystemAccess => ({
  platform: process.platform,
  pid: process.pid,
  run: runCommand,
  read: readText,
  list: (folder) => readdir(folder).catch(() => []),
});

/** The sources of a platform, the most exact first. */
export function deviceSources(system: SystemAccess): readonly DeviceSource[] {
  const { platform } = system;
  if (platform === 'darwin') return [() => apple(system)];
  if (platform === 'win32') return [() => nvidia(system), () => windows(system)];
  return platform === 'linux' ? [() => nvidia(system), () => amd(system)] : [];
}

async function nvidia({ run, pid }: SystemAccess): Promise<DeviceReading | undefined> {
  const answer = await listNvidiaProcesses(run);
  if (answer.state !== 'done') return undefined;
  const own = answer.rows.filter((row) => row.pid === pid).flatMap(({ usedBytes }) => usedBytes ?? []);
  return own.length === 0 ? undefined : { bytes: sum(own), source: 'nvidia-smi, this process' };
}

const drmFolder = '/sys/class/drm';

/** The kernel's amdgpu tells of a whole card (Documentation/gpu/amdgpu/driver-misc.rst, mem_info_vram_used). */
async function amd({ read, list }: SystemAccess): Promise<DeviceReading | undefined> {
  const cards = (await list(drmFolder)).filter((name) => /^card\d+$/.test(name));
  const texts = await Promise.all(
    cards.map((card) => read(`${drmFolder}/${card}/device/mem_info_vram_used`)),
  );
  const used = texts.flatMap((text) => (text !== undefined && /^\d+\s*$/.test(text) ? Number(text) : []));
  return used.length === 0
    ? undefined
    : { bytes: sum(used), source: 'mem_info_vram_used of amdgpu, all programs' };
}

/** typeperf starts in about a second. */
const windowsLimitMs = 5000;

async function windows({ run, pid }: SystemAccess): Promise<DeviceReading | undefined> {
  const counter = `\\GPU Process Memory(pid_${String(pid)}_*)\\Dedicated Usage`;
  const answer = await run('typeperf', [counter, '-sc', '1'], windowsLimitMs);
  if (answer.state !== 'done') return undefined;
  // "(PDH-CSV 4.0)","\\HOST\GPU Process Memory(pid_7_…)\Dedicated Usage" and a line "time","bytes.000000"
  const values = answer.output
    .split(/\r?\n/)
    .filter((line) => /^"\d/.test(line))
    .flatMap((line) => line.split(',').slice(1))
    .map((cell) => /^"(\d+(?:\.\d+)?)"$/.exec(cell.trim())?.[1])
    .filter((value) => value !== undefined);
  return values.length === 0
    ? undefined
    : { bytes: Math.round(sum(values.map(Number))), source: 'GPU Process Memory of Windows, this process' };
}

const appleLimitMs = 2000;

/** The GPU of a Mac works in the computer's own memory. */
async function apple({ run }: SystemAccess): Promise<DeviceReading | undefined> {
  const answer = await run('ioreg', ['-r', '-d', '1', '-w', '0', '-c', 'IOAccelerator'], appleLimitMs);
  if (answer.state !== 'done') return undefined;
  const used = [...answer.output.matchAll(/"In use system memory"=(\d+)/g)].map(([, bytes]) => Number(bytes));
  return used.length === 0 ? undefined : { bytes: sum(used), source: 'IOAccelerator of macOS, all programs' };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
