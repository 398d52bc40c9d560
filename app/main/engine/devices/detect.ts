import { totalmem } from 'node:os';
import {
  providerNames,
  providers,
  type Device,
  type DeviceProblem,
  type Provider,
} from '#contract/runtime.ts';
import { linuxAdapters, readControllers, systemAdapters, type Adapter, type Controller } from './adapters.ts';
import { runCommand, type RunCommand } from './command.ts';
import { systemCpuName, tidyDeviceName } from './device-names.ts';
import { listNvidiaGpus, type NvidiaAnswer, type NvidiaGpu } from './nvidia-smi.ts';
import { providerTable } from './provider-table.ts';
import { visibleGpus } from './visible-devices.ts';
import { isSoftwareDriver, vulkanDrivers } from './vulkan.ts';

/** What the detection looks at; a test puts stand-ins in the place of a machine. */
export interface Machine {
  readonly platform: NodeJS.Platform;
  readonly arch: string;
  readonly env: NodeJS.ProcessEnv;
  readonly cpuName: string;
  readonly memoryBytes: number;
  readonly run: RunCommand;
  readonly linuxAdapters: () => Promise<Adapter[]>;
  readonly vulkanDrivers: () => Promise<string[]>;
  readonly controllers: () => Promise<readonly Controller[]>;
}

export function thisMachine(): Machine {
  return {
    platform: process.platform,
    arch: process.arch,
    env: process.env,
    cpuName: systemCpuName(),
    memoryBytes: totalmem(),
    run: runCommand,
    linuxAdapters,
    vulkanDrivers: () => vulkanDrivers(process.env),
    controllers: readControllers,
  };
}

/** Every provider, with each device it could use, or why it has none. */
export async function detectDevices(
  machine: Machine,
  backends: readonly string[],
  hasCudaExtra: boolean,
): Promise<Device[]> {
  const nvidia =
    machine.platform === 'darwin' ? ({ state: 'absent' } as const) : await listNvidiaGpus(machine.run);
  const adapters = await findAdapters(machine);
  const found = await Promise.all(
    providers.map(async (provider): Promise<Device[]> => {
      const isHere =
        backends.includes(provider) && providerTable[provider].platforms.includes(machine.platform);
      if (!isHere)
        return [none(provider, 'not-here', `The runtime has no ${providerNames[provider]} on this system.`)];
      switch (provider) {
        case 'cpu':
          return [device('cpu', machine.cpuName, machine.memoryBytes, 'the operating system')];
        case 'webgpu':
          return await webgpu(machine, adapters, nvidia);
        case 'dml':
          return adapters.length === 0
            ? [none('dml', 'no-device', 'Windows lists no graphics adapter.')]
            : adapters.map((adapter, index) => ofAdapter('dml', adapter, index));
        case 'coreml':
          return [
            device(
              'coreml',
              adapters[0]?.name ?? machine.cpuName,
              machine.memoryBytes,
              'memory shared with the CPU',
            ),
          ];
        case 'cuda':
          return cuda(machine, nvidia, hasCudaExtra);
      }
    }),
  );
  return found.flat();
}

const softwareNote = 'A CPU plays the graphics card here, slower than the CPU itself.';

async function webgpu(
  { platform, vulkanDrivers: list }: Machine,
  adapters: readonly Adapter[],
  nvidia: NvidiaAnswer<NvidiaGpu>,
): Promise<Device[]> {
  const gpu = nvidia.state === 'done' ? nvidia.rows[0] : undefined;
  const best = gpu === undefined ? largest(adapters) : ofGpu(gpu);
  if (platform !== 'linux')
    return [
      best === undefined
        ? none('webgpu', 'no-device', 'The system lists no graphics adapter.')
        : ofAdapter('webgpu', best, 0),
    ];
  const drivers = await list();
  const software = drivers.filter(isSoftwareDriver);
  if (best !== undefined && drivers.length > software.length) return [ofAdapter('webgpu', best, 0)];
  const [first] = software;
  if (first !== undefined)
    return [
      {
        ...device('webgpu', first, null, 'the Vulkan driver'),
        problem: { code: 'software', message: softwareNote },
      },
    ];
  const message =
    best === undefined
      ? 'No graphics card was found.'
      : `No Vulkan driver is installed for ${best.name}. Install the one of its maker or Mesa's.`;
  return [none('webgpu', 'no-device', message)];
}

function cuda({ env, arch }: Machine, nvidia: NvidiaAnswer<NvidiaGpu>, hasExtra: boolean): Device[] {
  if (arch !== 'x64') return [none('cuda', 'not-here', 'The runtime has CUDA for Linux on x64 alone.')];
  if (nvidia.state === 'absent')
    return [none('cuda', 'no-device', 'No driver of NVIDIA is installed (there is no nvidia-smi).')];
  if (nvidia.state === 'failed') return [none('cuda', 'driver', `${nvidia.reason}.`)];
  if (nvidia.rows.length === 0) return [none('cuda', 'no-device', 'The driver of NVIDIA sees no card.')];
  const visible = visibleGpus(nvidia.rows, env.CUDA_VISIBLE_DEVICES);
  if (visible.length === 0)
    return [
      none(
        'cuda',
        'hidden',
        `CUDA_VISIBLE_DEVICES is "${env.CUDA_VISIBLE_DEVICES ?? ''}", which shows none of ${nvidia.rows.length}.`,
      ),
    ];
  const problem = hasExtra
    ? null
    : {
        code: 'extra-missing' as const,
        message: 'The files of CUDA are an extra that is not installed: `tessera extras install cuda`.',
      };
  return visible.map((gpu) => ({ ...ofAdapter('cuda', ofGpu(gpu), gpu.ordinal), problem }));
}

/** A graphics tool of the system that fails costs the names, not the start. */
async function findAdapters({ platform, linuxAdapters: linux, controllers }: Machine): Promise<Adapter[]> {
  if (platform === 'linux') return await linux();
  try {
    return await systemAdapters(controllers, platform);
  } catch {
    return [];
  }
}

function ofGpu({ name, totalBytes, driver }: NvidiaGpu): Adapter {
  return { name, memoryBytes: totalBytes, driver, source: 'nvidia-smi' };
}

/** WebGPU asks for the fastest adapter; memory is what the system tells of it. */
function largest(adapters: readonly Adapter[]): Adapter | undefined {
  return adapters.toSorted((a, b) => (b.memoryBytes ?? 0) - (a.memoryBytes ?? 0))[0];
}

function ofAdapter(
  provider: Provider,
  { name, memoryBytes, driver, source }: Adapter,
  index: number,
): Device {
  return { ...device(provider, name, memoryBytes, source), index, driver };
}

function device(provider: Provider, rawName: string, memoryBytes: number | null, source: string): Device {
  const name = tidyDeviceName(rawName);
  const { precisions, byName } = providerTable[provider];
  return {
    ...{ provider, index: 0, name, rawName, memoryBytes, source, driver: null, problem: null },
    precisions: [...precisions, ...byName],
  };
}

function none(provider: Provider, code: DeviceProblem, message: string): Device {
  return {
    ...{ provider, index: 0, name: null, rawName: null, memoryBytes: null },
    source: null,
    driver: null,
    problem: { code, message },
    precisions: [],
  };
}
