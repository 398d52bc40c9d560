import { setImmediate } from 'node:timers/promises';
import type { JobEvent } from '#contract/engine-protocol.ts';
import { CancelledError } from '#contract/errors.ts';
import type { GenerationRequest } from '#contract/request.ts';
import type { Candidate, RuntimeChoice } from '#contract/runtime.ts';
import type { DeviceRoom } from '../memory/device-room.ts';

/** How much of a device's own memory a job can have; undefined where it has none of its own that is known. */
export type AskRoom = (candidate: Candidate, heldBytes: number) => Promise<DeviceRoom | undefined>;

/** What the pipeline is asked, and whom it tells. */
export interface Job {
  readonly request: GenerationRequest;
  readonly previewEvery: number;
  readonly wantMaps: boolean;
  /** Absent: what fits. */
  readonly memory?: RuntimeChoice['memory'];
  /** Absent: the drivers of this machine. */
  readonly askRoom?: AskRoom;
  readonly emit: (event: Unaddressed<JobEvent>) => void;
  readonly isCancelled: () => boolean;
}

/** An event whose id the worker adds. */
export type Unaddressed<E> = E extends { id: number } ? Omit<E, 'id'> : never;

/** Lets messages in, which wait while the runtime computes, and stops when one of them was a cancel. */
export async function breathe(job: Pick<Job, 'isCancelled'>): Promise<void> {
  await setImmediate();
  if (job.isCancelled()) throw new CancelledError();
}
