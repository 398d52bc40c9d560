import { EngineError } from '#contract/errors.ts';
import type { GenerationRequest } from '#contract/request.ts';
import type { UnetConfig } from '#kernels/nets/configs.ts';
import { planMerging } from '#kernels/tome/plan.ts';
import type { LatentSize } from './check-request.ts';

/**
 * What comparing tokens takes at its height: every source of a grid with every destination, in F32. It grows with the fourth
 * power of the picture's side. Measured at 512 and 1024 px: the runtime holds all parts of a block's comparison at once.
 */
export function matchingBytes(
  config: UnetConfig,
  request: GenerationRequest,
  size: LatentSize,
  batch: number,
): number {
  const { merging, seed } = request;
  if (merging.ratio === 0 && (merging.ratioEnd ?? 0) === 0) return 0;
  const { levels } = planMerging(config, merging, { ...size, batch, seed, stepIndex: 0, stepCount: 1 });
  const pairs = levels.map(({ partitions }) =>
    partitions.reduce((sum, { src, dst }) => sum + src.length * dst.length, 0),
  );
  return Math.max(0, ...pairs) * Float32Array.BYTES_PER_ELEMENT;
}

/**
 * Refuses what the system could only answer by killing a process, and not surely this one. Throws ENGINE_OUT_OF_MEMORY.
 * @param availableBytes what the system and the process's limits leave.
 */
export function assertMemory(neededBytes: number, availableBytes: number, request: GenerationRequest): void {
  if (neededBytes <= availableBytes) return;
  const gib = (bytes: number): string => `${(bytes / 1024 ** 3).toFixed(1)} GiB`;
  const { sx, sy } = request.merging;
  throw new EngineError(
    'ENGINE_OUT_OF_MEMORY',
    `To compare its tokens, merging at ${request.widthPx}×${request.heightPx} px with cells of ${sx}×${sy} needs ${gib(neededBytes)} of memory; ${gib(availableBytes)} are free. Choose larger cells (fewer destinations), a smaller size, or no merging.`,
    { details: { neededBytes, availableBytes } },
  );
}
