import type { NvidiaGpu } from './nvidia-smi.ts';

/** A GPU with the number that CUDA knows it by, which counts only those that CUDA_VISIBLE_DEVICES shows. */
export interface VisibleGpu extends NvidiaGpu {
  readonly ordinal: number;
}

/**
 * What CUDA_VISIBLE_DEVICES leaves: numbers or beginnings of UUIDs; the list ends at the first that names no GPU, so empty
 * and -1 hide all (CUDA C++ Programming Guide, "CUDA Environment Variables").
 */
export function visibleGpus(gpus: readonly NvidiaGpu[], variable: string | undefined): VisibleGpu[] {
  if (variable === undefined) return gpus.map((gpu, ordinal) => ({ ...gpu, ordinal }));
  const visible: VisibleGpu[] = [];
  for (const entry of variable.split(',').map((part) => part.trim())) {
    const gpu = gpus.find(({ index, uuid }) =>
      /^\d+$/.test(entry) ? index === Number(entry) : entry.length > 4 && uuid.startsWith(entry),
    );
    if (gpu === undefined || visible.some(({ uuid }) => uuid === gpu.uuid)) break;
    visible.push({ ...gpu, ordinal: visible.length });
  }
  return visible;
}
