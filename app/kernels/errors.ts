/** Kernels import nothing of ours, so they carry their own error; the engine wraps it with `cause`. */
export type KernelErrorCode = 'KERNEL_WEIGHTS' | 'KERNEL_SHAPE' | 'KERNEL_CONFIG' | 'KERNEL_RANGE';

export class KernelError extends Error {
  readonly code: KernelErrorCode;

  constructor(code: KernelErrorCode, message: string) {
    super(message);
    this.name = 'KernelError';
    this.code = code;
  }
}
