import type { Point, Work } from './protocol.ts';
import type { Peak } from './results.ts';

export type Side = 'tessera' | 'torch';

export interface Ran {
  readonly tookMs: number;
  /** Until the first step of a picture ended. */
  readonly firstStepMs?: number | undefined;
}

/** A process that does one side's work on demand, so that runs of several of them can take turns. */
export interface Worker {
  readonly side: Side;
  /** Versions of what does the work, by name. */
  prepare(work: Work, threads: number): Promise<Readonly<Record<string, string>>>;
  /** `saveTo`: keeps the output, as `output` of a safetensors file. */
  run(point: Point, saveTo?: string): Promise<Ran>;
  /** The most memory the process has held. */
  peak(): Promise<Peak>;
  /** Ends the process and waits until its memory is free again. */
  stop(): Promise<void>;
}
