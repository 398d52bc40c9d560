import type { Candidate } from '#contract/runtime.ts';
import { linuxAdapters, type Adapter } from '../devices/adapters.ts';
import { runCommand, type RunCommand } from '../devices/command.ts';
import { tidyDeviceName } from '../devices/device-names.ts';
import { listNvidiaGpus, listNvidiaProcesses, type NvidiaGpu } from '../devices/nvidia-smi.ts';
import { visibleGpus } from '../devices/visible-devices.ts';
import { readText, type ReadText } from './free.ts';

/** Memory of a device's own that a job can have, and who says so. */
export interface DeviceRoom {
  readonly freeBytes: number;
  readonly source: string;
}

export interface RoomAccess {
  readonly platform: NodeJS.Platform;
  readonly pid: number;
  readonly env: NodeJS.ProcessEnv;
  readonly run: RunCommand;
  readonly read: ReadText;
  readonly adapters: () => Promise<readonly Adapter[]>;
}

const thisMachine = (): RoomAccess => ({
  platform: process.platform,
  pid: process.pid,
  env: process.env,
  run: runCommand,
  read: readText,
  adapters: linuxAdapters,
});

/**
 * Undefined where the device works in the computer's own memory, or nothing tells of its own. `heldBytes`: what this
 * process is thought to hold there, for drivers that do not tell; it serves the job too.
 */
export async function deviceRoom(
  candidate: Candidate,
  heldBytes: number,
  access: RoomAccess = thisMachine(),
): Promise<DeviceRoom | undefined> {
  if (candidate.provider === 'cpu' || access.platform === 'darwin') return undefined;
  return (
    (await nvidia(candidate, heldBytes, access)) ??
    (access.platform === 'linux' ? await amd(candidate, heldBytes, access) : undefined)
  );
}

async function nvidia(
  candidate: Candidate,
  heldBytes: number,
  { run, pid, env }: RoomAccess,
): Promise<DeviceRoom | undefined> {
  const gpus = await listNvidiaGpus(run);
  if (gpus.state !== 'done') return undefined;
  const processes = await listNvidiaProcesses(run);
  const own = processes.state === 'done' ? processes.rows.filter((row) => row.pid === pid) : [];
  const rooms = gpusOf(candidate, gpus.rows, env.CUDA_VISIBLE_DEVICES).flatMap(
    ({ uuid, totalBytes, usedBytes }) => {
      if (totalBytes === null || usedBytes === null) return [];
      const held = own.find((row) => row.uuid === uuid)?.usedBytes ?? heldBytes;
      return [totalBytes - usedBytes + held];
    },
  );
  return most(rooms, 'nvidia-smi');
}

/** CUDA counts those it sees; other providers say the name alone, and of several alike it is not known which. */
function gpusOf(
  { provider, index, device }: Candidate,
  gpus: readonly NvidiaGpu[],
  visible: string | undefined,
): readonly NvidiaGpu[] {
  return provider === 'cuda'
    ? visibleGpus(gpus, visible).filter(({ ordinal }) => ordinal === index)
    : gpus.filter(({ name }) => tidyDeviceName(name) === device);
}

/**
 * The card's own memory and what of the computer's the driver lends it, which is where graphics inside a processor work
 * (Documentation/gpu/amdgpu/driver-misc.rst, mem_info_vram_total and mem_info_gtt_total).
 */
async function amd(
  { device }: Candidate,
  heldBytes: number,
  { read, adapters }: RoomAccess,
): Promise<DeviceRoom | undefined> {
  const cards = (await adapters()).filter(({ name }) => tidyDeviceName(name) === device);
  const rooms = await Promise.all(
    cards.map(async ({ source }) => {
      const value = async (name: string): Promise<number> => {
        const text = await read(`${source}/mem_info_${name}`);
        return text !== undefined && /^\d+\s*$/.test(text) ? Number(text) : NaN;
      };
      const left = async (kind: string) => (await value(`${kind}_total`)) - (await value(`${kind}_used`));
      return (await left('vram')) + (await left('gtt')) + heldBytes;
    }),
  );
  return most(rooms.filter(Number.isFinite), 'mem_info_vram and mem_info_gtt of amdgpu');
}

function most(rooms: readonly number[], source: string): DeviceRoom | undefined {
  return rooms.length === 0 ? undefined : { freeBytes: Math.max(0, ...rooms), source };
}
