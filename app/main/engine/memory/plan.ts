import type { JobEvent, MemoryRemedy } from '#contract/engine-protocol.ts';
import type { MemoryMode, RuntimeChoice } from '#contract/runtime.ts';
import { estimateMemory, type EstimateOptions, type MemoryEstimate, type MemoryRequest } from './estimate.ts';
import { describeRemedies, formatGigabytes, memoryRemedies } from './remedies.ts';
import type { ModelShape, ModelWeights } from './weights.ts';

/** How a job will use memory: chosen before anything is loaded. */
export interface MemoryPlan {
  readonly mode: MemoryMode;
  readonly estimate: MemoryEstimate;
  /** What the job can have: what is free, and what the engine holds already. */
  readonly freeBytes: number;
  readonly remedies: readonly MemoryRemedy[];
  /** For the artist: why the mode is not the full one, or that it may not fit at all. */
  readonly notice: string | undefined;
}

export interface MemoryPlanInput {
  readonly shape: Pick<ModelShape, 'unet' | 'vae'>;
  readonly weights: ModelWeights;
  readonly request: MemoryRequest;
  readonly choice: RuntimeChoice['memory'];
  readonly options: Omit<EstimateOptions, 'mode'>;
  readonly freeBytes: number;
}

/** Full where it fits or is asked for; else parts are loaded one after another. */
export function planMemory(input: MemoryPlanInput): MemoryPlan {
  const { shape, weights, request, choice, options, freeBytes } = input;
  const full = estimateMemory(shape, weights, request, { ...options, mode: 'full' });
  // What is loaded one after another is loaded anew each time.
  const low = estimateMemory(shape, weights, request, { ...options, mode: 'low', loaded: false });
  const mode = choice === 'auto' ? (full.bytes <= freeBytes ? 'full' : 'low') : choice;
  const estimate = mode === 'full' ? full : low;
  const remedies = memoryRemedies(shape, weights, request, { ...options, mode });
  const needs = `This picture needs about ${formatGigabytes(estimate.bytes)} of memory`;
  const free = `${formatGigabytes(freeBytes)} is free`;
  const notices = [
    ...(mode === 'low' && choice === 'auto'
      ? [
          `Low-memory mode: with everything loaded this picture would need about ${formatGigabytes(full.bytes)}, and ${free}. Its parts are loaded one after another, which takes about ${formatGigabytes(low.bytes)} and longer.`,
        ]
      : []),
    ...(estimate.bytes > freeBytes
      ? [`${needs}, and ${free}: it may be slow or fail. ${describeRemedies(remedies)}`]
      : []),
  ];
  return {
    mode,
    estimate,
    freeBytes,
    remedies,
    notice: notices.length === 0 ? undefined : notices.join(' '),
  };
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
  };
}
