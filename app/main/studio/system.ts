import { EngineError } from '#contract/errors.ts';
import type { ExtraState, SystemDevices } from '#contract/studio/system.ts';
import type { DeviceList } from '#engine/devices/devices.ts';
import type { Machine } from '#main/machine.ts';
import type { EventHub } from './events.ts';
import type { NextPlace } from './next-place.ts';

/** The machine as windows see it. */
export interface SystemKeeper {
  devices(): Promise<SystemDevices>;
  measure(): Promise<SystemDevices>;
  installCuda(): Promise<SystemDevices>;
  cancelCuda(): boolean;
  removeCuda(): Promise<SystemDevices>;
}

/** A window redraws this often, not with each of the thousands of pieces of a download. */
const tellEveryMs = 200;

/** `restart`: only when it starts does the engine's process find an extra, or try a device again that had failed. */
export function createSystem(
  { devices, cuda }: Machine,
  places: NextPlace,
  hub: () => EventHub,
  restart: () => Promise<void>,
  log: (error: unknown) => void,
): SystemKeeper {
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
  /** Looking may have found what was not there before. */
  const told = async (list: Promise<DeviceList>): Promise<SystemDevices> => {
    const answer = await state(await list);
    places.refresh().catch(log);
    return answer;
  };
  const anew = async (): Promise<SystemDevices> => {
    await restart();
    return await told(devices.list());
  };
  return {
    devices: async () => await told(devices.list()),
    async measure() {
      const list = await devices.measure();
      await restart();
      return await told(Promise.resolve(list));
    },
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
