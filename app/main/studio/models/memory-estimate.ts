import { readFile } from 'node:fs/promises';
import { freemem } from 'node:os';
import type { ModelEntry } from '#contract/studio/models.ts';
import type { CheckpointFacts } from './facts.ts';

/** Measured with SD 1.5 at 512 px on the CPU: the peak stayed 2.5 GB above the weights in F32 (docs/BENCHMARKS.md). */
const sd15 = { workBytes: 2.5e9, latentPixels: 64 * 64, channels: 320 };
const floatBytes = 4;

/** What running a model at its own size will need, before anything is loaded. */
export function estimateMemory({ parameterCount, defaults, unet, downscale }: CheckpointFacts, freeBytes: number): NonNullable<ModelEntry['memory']> {
  const pixels = (defaults.widthPx * defaults.heightPx) / downscale ** 2;
  const width = (unet.blockOutChannels[0] ?? sd15.channels) / sd15.channels;
  const neededBytes = Math.round(parameterCount * floatBytes + sd15.workBytes * (pixels / sd15.latentPixels) * width);
  return { neededBytes, freeBytes, fits: neededBytes <= freeBytes };
}

/** Memory that a new process can have: on Linux what the kernel can give back counts too. */
export async function availableBytes(): Promise<number> {
  try {
    const kilobytes = /^MemAvailable:\s+(\d+) kB$/m.exec(await readFile('/proc/meminfo', 'utf8'))?.[1];
    if (kilobytes !== undefined) return Number(kilobytes) * 1024;
  } catch {
    // Not Linux: what the system calls free is what is known.
  }
  return freemem();
}
