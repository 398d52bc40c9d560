import { setTimeout as wait } from 'node:timers/promises';
import { deviceSources, thisSystem, type DeviceReading, type DeviceSource } from './device-sources.ts';

/** Often enough to see a U-Net pass, seldom enough to cost nothing. */
const everyMs = 500;

export interface DevicePeak {
  /** Ends the sampling; the most that was seen, undefined where no source had anything to say. */
  stop(): Promise<DeviceReading | undefined>;
}

/** Watches a graphics card beside the job: sources are asked by commands and files, and the job waits for none of them. */
export function watchDevice(
  sources: readonly DeviceSource[] = deviceSources(thisSystem()),
  intervalMs = everyMs,
): DevicePeak {
  const end = new AbortController();
  const peaks = new Map<string, number>();
  let samples = 0;
  const take = async (): Promise<void> => {
    for (const source of sources) {
      const reading = await source();
      if (reading === undefined) continue;
      samples += 1;
      peaks.set(reading.source, Math.max(reading.bytes, peaks.get(reading.source) ?? 0));
      return;
    }
  };
  const watching = (async () => {
    while (!end.signal.aborted) {
      await take();
      await wait(intervalMs, undefined, { signal: end.signal, ref: false }).catch(() => undefined);
    }
  })();
  return {
    async stop() {
      // One more, so that a job shorter than the interval is seen while it still holds its memory.
      const last = take();
      end.abort();
      await Promise.all([watching, last]);
      const [first] = peaks;
      if (first === undefined) return undefined;
      const [source, bytes] = first;
      return { bytes, source: `${source}, most of ${samples} looks` };
    },
  };
}
