import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createDevices, type Devices } from '#engine/devices/devices.ts';
import { createCudaExtra, cudaEnvironment, type CudaExtra } from '#engine/extras/cuda.ts';
import { createChildProcessPort, type EngineEnvironment, type EnginePort } from '#engine/port.ts';

const engineEntry = fileURLToPath(import.meta.resolve('#main/engine-process.ts'));

/** What of this machine every host uses: its devices, the extra for one of them, and processes that find both. */
export interface Machine {
  readonly startPort: () => EnginePort;
  readonly devices: Devices;
  readonly cuda: CudaExtra;
}

export interface MachineOptions {
  readonly dataFolder: string;
  /** A child process of Node where nothing is given. */
  readonly startPort?: ((env: EngineEnvironment) => EnginePort) | undefined;
  /** NuGet's, or a mirror's, service index. */
  readonly feed?: string | undefined;
  readonly log?: (error: unknown) => void;
}

export function openMachine(options: MachineOptions): Machine {
  const { dataFolder, feed, log = () => undefined } = options;
  const start = options.startPort ?? ((env) => createChildProcessPort(engineEntry, env));
  // Looked at with each start: the extra may have come meanwhile.
  const startPort = (): EnginePort => start(cudaEnvironment(dataFolder));
  const cuda = createCudaExtra({ dataFolder, index: feed });
  const devices = createDevices({
    startPort,
    file: join(dataFolder, 'devices.json'),
    hasCudaExtra: async () => (await cuda.folder()) !== undefined,
    log,
  });
  return { startPort, devices, cuda };
}
