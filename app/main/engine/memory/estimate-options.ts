import type { MemoryMode, Precision, Provider } from '#contract/runtime.ts';

/** What a request's memory is estimated for, and what comes out. */

export interface EstimateOptions {
  readonly mode: MemoryMode;
  /** Latents are shown while they form: the decoder is there from the first step on. */
  readonly previews: boolean;
  /** The nets are loaded already, so nothing is laid out anew. */
  readonly loaded?: boolean;
  /** Of the U-Net; absent: f32. */
  readonly precision?: Precision;
  /** Where U-Net and decoder lie; absent: beside the processor. */
  readonly device?: DeviceMemory;
}

export interface DeviceMemory {
  readonly provider: Exclude<Provider, 'cpu'>;
  /** The device works in the computer's own memory, or none of its own is known. */
  readonly isShared: boolean;
  /** Of its own memory, or of the computer's where that is what it works in; absent: not asked. */
  readonly freeBytes?: number;
}

export interface MemoryEstimate {
  /** The most at once, the process itself included. */
  readonly bytes: number;
  /** What it comes to while each part works. */
  readonly phases: Readonly<Record<'text' | 'load' | 'steps' | 'decode', number>>;
  /** Of these on the device, or beside them where it has memory of its own; absent: there is no device. */
  readonly deviceBytes?: number;
}
