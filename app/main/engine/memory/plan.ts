import type { JobEvent, MemoryRemedy } from '#contract/engine-protocol.ts';
import type { MemoryMode, RuntimeChoice } from '#contract/runtime.ts';
import type { DeviceRoom } from './device-room.ts';
import { estimateMemory } from './estimate.ts';
import type { EstimateOptions, MemoryEstimate } from './estimate-options.ts';
import type { MemoryRequest, PictureNets } from './request-size.ts';
import { describeRemedies, formatGigabytes, memoryRemedies } from './remedies.ts';
import type { ModelWeights } from './weights.ts';

/** How a job will use memory: chosen before anything is loaded. */
export interface MemoryPlan {
  readonly mode: MemoryMode;
  readonly estimate: MemoryEstimate;
  /** What the job can have: what is free, and what the engine holds already. */
  readonly freeBytes: number;
  readonly remedies: readonly MemoryRemedy[];
  /** For the artist: why the mode is not the full one, or that it may not fit at all. */
  readonly notice: string | undefined;
  /** Why this device cannot make the picture at all. */
  readonly refusal: string | undefined;
}

/** A device with memory of its own, and how much of it a job can have. */
export interface NamedRoom extends DeviceRoom {
  readonly name: string;
}

export interface MemoryPlanInput {
  readonly shape: PictureNets;
  readonly weights: ModelWeights;
  readonly request: MemoryRequest;
  readonly choice: RuntimeChoice['memory'];
  readonly options: Omit<EstimateOptions, 'mode'>;
  readonly freeBytes: number;
  readonly room?: NamedRoom | undefined;
}

/** Full where it fits or is asked for; else parts are loaded one after another. */
export function planMemory(input: MemoryPlanInput): MemoryPlan {
  const { shape, weights, request, choice, options, freeBytes, room } = input;
  const full = estimateMemory(shape, weights, request, { ...options, mode: 'full' });
  // What is loaded one after another is loaded anew each time.
  const low = estimateMemory(shape, weights, request, { ...options, mode: 'low', loaded: false });
  const isWithin = ({ deviceBytes = 0 }: MemoryEstimate) =>
    room === undefined || deviceBytes <= room.freeBytes;
  const mode = choice === 'auto' ? (full.bytes <= freeBytes && isWithin(full) ? 'full' : 'low') : choice;
  const estimate = mode === 'full' ? full : low;
  const remedies = memoryRemedies(shape, weights, request, { ...options, mode });
  const free = `${formatGigabytes(freeBytes)} is free`;
  const isChosenLow = mode === 'low' && choice === 'auto';
  const notices = [
    ...(isChosenLow && full.bytes > freeBytes
      ? [
          `Low-memory mode: with everything loaded this picture would need about ${formatGigabytes(full.bytes)}, and ${free}. Its parts are loaded one after another, which takes about ${formatGigabytes(low.bytes)} and longer.`,
        ]
      : []),
    ...(isChosenLow && full.bytes <= freeBytes && room !== undefined
      ? [
          `Low-memory mode: with everything loaded this picture would need at least ${onDevice(full, room)}. Its parts are loaded one after another, which takes longer.`,
        ]
      : []),
    ...(estimate.bytes > freeBytes
      ? [
          `This picture needs about ${formatGigabytes(estimate.bytes)} of memory, and ${free}: it may be slow or fail. ${describeRemedies(remedies)}`,
        ]
      : []),
    ...(mode === 'full' && room !== undefined && !isWithin(full)
      ? [
          `This picture needs at least ${onDevice(full, room)}: it may fail there, and be made elsewhere instead.`,
        ]
      : []),
  ];
  return {
    ...{ mode, estimate, freeBytes, remedies },
    notice: notices.length === 0 ? undefined : notices.join(' '),
    refusal:
      mode === 'low' && room !== undefined && !isWithin(low)
        ? `Even with its parts loaded one after another this picture needs at least ${onDevice(low, room)}.`
        : undefined,
  };
}

/** "3.4 GB of the memory of NVIDIA GeForce GTX 1650, and 2.9 GB of it is free (nvidia-smi)". */
function onDevice({ deviceBytes = 0 }: MemoryEstimate, { name, freeBytes, source }: NamedRoom): string {
  return `${formatGigabytes(deviceBytes)} of the memory of ${name}, and ${formatGigabytes(freeBytes)} of it is free (${source})`;
}

export function memoryEvent({
  mode,
  estimate,
  freeBytes,
  remedies,
}: MemoryPlan): Omit<Extract<JobEvent, { type: 'memory' }>, 'id'> {
  return {
    type: 'memory',
    mode,
    estimatedBytes: estimate.bytes,
    freeBytes: Math.round(freeBytes),
    remedies: [...remedies],
    ...(estimate.deviceBytes === undefined ? {} : { estimatedDeviceBytes: estimate.deviceBytes }),
  };
}
