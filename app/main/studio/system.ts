import { EngineError } from '#contract/errors.ts';
import type { RuntimeChoice } from '#contract/runtime.ts';
import type { ExtraState, SystemDevices } from '#contract/studio/system.ts';
import type { DeviceList } from '#engine/devices/devices.ts';
import type { Machine } from '#main/machine.ts';
import type { EventHub } from './events.ts';

/** The machine as windows see it. */
export interface SystemKeeper {
  /** Where the next picture is to be made, as far as is known by now. */
  provider(): string;
  /** Tries what this choice needs and was never tried, before a picture waits for it. */
  prepare(choice: RuntimeChoice): Promise<void>;
  devices(): Promise<SystemDevices>;
  measure(): Promise<SystemDevices>;
  installCuda(): Promise<SystemDevices>;
  cancelCuda(): boolean;
  removeCuda(): Promise<SystemDevices>;
}

/** A window redraws this often, not with each of the thousands of pieces of a download. */
const tellEveryMs = 200;

/** `restart`: the engine's process finds an extra only when it starts. */
export function createSystem(
  { devices, cuda }: Machine,
  hub: () => EventHub,
  restart: () => Promise<void>,
): SystemKeeper {
  let provider = 'cpu';
  let progress: ExtraState['progress'] = null;
  let stop: AbortController | undefined;
  const tell = (): void => {
    hub().publish({ type: 'extra', progress });
  };
  const state = async (list: DeviceList): Promise<SystemDevices> => ({
    devices: [...list.devices],
    verdicts: [...list.verdicts],
    automatic: [...list.automatic],
    cuda: {
      offered: process.platform === 'linux' && process.arch === 'x64',
      installed: (await cuda.folder()) !== undefined,
      progress,
    },
  });
  const anew = async (): Promise<SystemDevices> => {
    await restart();
    return await state(await devices.list());
  };
  return {
    provider: () => provider,
    async prepare(choice) {
      const { candidates } = await devices.choose(choice);
      provider = candidates[0]?.provider ?? provider;
    },
    devices: async () => await state(await devices.list()),
    measure: async () => await state(await devices.measure()),
    async installCuda() {
      if (stop !== undefined)
        throw new EngineError(
          'ENGINE_BUSY',
          'The CUDA extra is being installed already. Wait for it, or cancel it.',
        );
      stop = new AbortController();
      let toldAt = 0;
      try {
        await cuda.install({
          signal: stop.signal,
          onProgress: (each) => {
            progress = each;
            const now = performance.now();
            if (now - toldAt < tellEveryMs) return;
            toldAt = now;
            tell();
          },
        });
      } finally {
        stop = undefined;
        progress = null;
        tell();
      }
      return await anew();
    },
    cancelCuda() {
      const isRunning = stop !== undefined;
      stop?.abort();
      return isRunning;
    },
    async removeCuda() {
      await cuda.remove();
      return await anew();
    },
  };
}
