import type { MemoryMode } from '#contract/runtime.ts';
import { vaeDownscale, type VaeConfig } from '#kernels/nets/configs.ts';

const GiB = 1024 ** 3;

/** A picture that needs more is decoded in strips: the same picture, in a third more time, within far less memory. */
const wholeLimits: Readonly<Record<MemoryMode, number>> = { full: 2.5 * GiB, low: GiB };
/** On a device strips cross to the host and back, which takes longer than decoding: this share of what is free may be taken. */
const deviceShare = 1 / 4;

/** Bytes that may be taken to decode at once; `deviceFreeBytes` of the memory that a device works in. */
export function wholeLimit(mode: MemoryMode, deviceFreeBytes = 0): number {
  return Math.max(wholeLimits[mode], deviceShare * deviceFreeBytes);
}

/** Tensors of the full size that are alive at once in a residual block: input, skip, two between. */
const liveTensors = 3.5;

/** Memory of decoding at once: the last level's tensors, which still have the channels of the level before. */
export function decodeBytes(config: VaeConfig, latentH: number, latentW: number): number {
  const scale = vaeDownscale(config);
  const channels = Math.max(...config.blockOutChannels.slice(0, 2));
  return Float32Array.BYTES_PER_ELEMENT * liveTensors * channels * latentH * scale * latentW * scale;
}

/** Whether a picture is decoded at once. */
export function fitsWhole(config: VaeConfig, latentH: number, latentW: number, limit: number): boolean {
  return decodeBytes(config, latentH, latentW) <= limit;
}

/** Values of the widest tensor of a strip: 64 MiB. Half of it saves 0.2 GB and costs a few percent. */
export const stripValues = 2 ** 24;
