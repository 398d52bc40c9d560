import type { NetPartName, Precision, Provider } from '#contract/runtime.ts';

/** What a provider wants of a graph and of its options: the one place that knows them apart. */
export interface ProviderFacts {
  /** In which the U-Net's graph can be given to it; it computes in what it is given. */
  readonly precisions: readonly Precision[];
  /** In which it can be given as well, but is only by name: never tried nor chosen by itself. */
  readonly byName: readonly Precision[];
  /** The parts it runs; the others run on the CPU, in F32. */
  readonly parts: readonly NetPartName[];
  readonly platforms: readonly NodeJS.Platform[];
}

const gpuParts = ['unet', 'vae'] as const;

/**
 * The text encoder stays on the CPU: it runs once for a prompt, which takes less time than loading it onto a device.
 * Order is that of trust where nothing was measured.
 */
export const providerTable: Readonly<Record<Provider, ProviderFacts>> = {
  cuda: { precisions: ['f32', 'f16'], byName: [], parts: gpuParts, platforms: ['linux'] },
  dml: { precisions: ['f32', 'f16'], byName: [], parts: gpuParts, platforms: ['win32'] },
  coreml: { precisions: ['f32'], byName: [], parts: gpuParts, platforms: ['darwin'] },
  webgpu: {
    precisions: ['f32', 'f16'],
    byName: [],
    parts: gpuParts,
    platforms: ['linux', 'win32', 'darwin'],
  },
  cpu: {
    precisions: ['f32'],
    byName: ['int8'],
    parts: ['text', 'unet', 'vae'],
    platforms: ['linux', 'win32', 'darwin'],
  },
};

/** The VAE's activations leave F16's range in many checkpoints: it stays in F32 everywhere. */
export function partPrecision(part: NetPartName, precision: Precision): Precision {
  return part === 'unet' ? precision : 'f32';
}
