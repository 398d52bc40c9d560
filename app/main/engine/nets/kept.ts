import { DeviceTensor } from '../device-tensor.ts';
import type { KeptTensor, RuntimeOptions } from '../session.ts';

/** What passes leave for later passes of the same picture. */

/**
 * Whether it may stay on the device. In low memory nets come and go within a picture, and take along what they left.
 */
export function staysOnDevice({ provider, memory }: RuntimeOptions): boolean {
  return provider === 'webgpu' && memory !== 'low';
}

/** Whether it went with a device that failed. */
export function isGone(tensor: KeptTensor): boolean {
  return tensor instanceof DeviceTensor && tensor.isGone;
}

export function disposeKept(tensors: Iterable<KeptTensor>): void {
  for (const tensor of tensors) if (tensor instanceof DeviceTensor) tensor.dispose();
}
