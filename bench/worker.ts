import type { Provider } from '#contract/runtime.ts';
import type { Point, Work } from './protocol.ts';
import type { Peak } from './results.ts';

export const sides = ['tessera', 'torch'] as const;
export type Side = (typeof sides)[number];

/** One side on one provider: what takes its turn beside the others. */
export interface Contender {
  readonly side: Side;
  readonly provider: Provider;
}

export function nameOf({ side, provider }: Contender): string {
  return provider === 'cpu' ? side : `${side} ${provider}`;
}

export interface Ran {
  readonly tookMs: number;
  /** When each step of a picture ended, from the run's start. */
  readonly stepEndsMs?: readonly number[] | undefined;
}

/** A process that does one side's work on demand, so that runs of several of them can take turns. */
export interface Worker extends Contender {
  /** Versions of what does the work, by name. */
  prepare(work: Work, threads: number): Promise<Readonly<Record<string, string>>>;
  /** `saveTo`: keeps the output, as `output` of a safetensors file. */
  run(point: Point, saveTo?: string): Promise<Ran>;
  /** The most memory the process has held. */
  peak(): Promise<Peak>;
  /** Ends the process and waits until its memory is free again. */
  stop(): Promise<void>;
}
