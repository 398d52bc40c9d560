import type { JobEvent } from '#contract/engine-protocol.ts';
import type { Notice } from '#contract/notices/notice.ts';
import type { MemoryRemedy } from '#contract/notices/remedy.ts';
import type { MemoryMode, RuntimeChoice } from '#contract/runtime.ts';
import type { DeviceRoom } from './device-room.ts';
import { estimateMemory } from './estimate.ts';
import type { EstimateOptions, MemoryEstimate } from './estimate-options.ts';
import type { MemoryRequest, PictureNets } from './request-size.ts';
import { memoryRemedies } from './remedies.ts';
import type { TooSmall } from '../runtime.ts';
import type { ModelWeights } from './weights.ts';

/** How a job will use memory: chosen before anything is loaded. */
export interface MemoryPlan {
  readonly mode: MemoryMode;
  readonly estimate: MemoryEstimate;
  /** What the job can have: what is free, and what the engine holds already. */
  readonly freeBytes: number;
  readonly remedies: readonly MemoryRemedy[];
  /** For the artist: why the mode is not the full one, or that it may not fit at all. */
  readonly notices: readonly Notice[];
  /** Why this device cannot make the picture at all. */
  readonly refusal: TooSmall | undefined;
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
  const isChosenLow = mode === 'low' && choice === 'auto';
  const notices: Notice[] = [];
  if (isChosenLow && full.bytes > freeBytes)
    notices.push({
      ...{ code: 'memory-low', neededBytes: full.bytes },
      ...{ freeBytes: Math.round(freeBytes), lowBytes: low.bytes },
    });
  if (isChosenLow && full.bytes <= freeBytes && room !== undefined)
    notices.push({ code: 'memory-low-device', device: room.name, ...onDevice(full, room) });
  if (estimate.bytes > freeBytes)
    notices.push({
      ...{ code: 'memory-short', neededBytes: estimate.bytes, freeBytes: Math.round(freeBytes) },
      remedies,
    });
  if (mode === 'full' && room !== undefined && !isWithin(full))
    notices.push({ code: 'memory-short-device', device: room.name, ...onDevice(full, room) });
  const isRefused = mode === 'low' && room !== undefined && !isWithin(low);
  return {
    ...{ mode, estimate, freeBytes, remedies, notices },
    refusal: isRefused ? onDevice(low, room) : undefined,
  };
}

function onDevice({ deviceBytes = 0 }: MemoryEstimate, { freeBytes, source }: NamedRoom): TooSmall {
  return { neededBytes: deviceBytes, freeBytes: Math.round(freeBytes), source };
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
