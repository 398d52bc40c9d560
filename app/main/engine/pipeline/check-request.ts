import { RequestError } from '#contract/errors.ts';
import type { GenerationRequest, StepCache } from '#contract/request.ts';
import type { Checkpoint } from '#library/checkpoint.ts';
import { vaeDownscale, type UnetConfig } from '#kernels/nets/configs.ts';
import { upLayerCount } from '#kernels/nets/unet-extent.ts';
import { attentionBlocks } from '#kernels/nets/unet-blocks.ts';

export interface LatentSize {
  readonly latentH: number;
  readonly latentW: number;
}

/** What only the model can tell of a request. Throws REQUEST_INVALID. */
export function checkAgainstModel(checkpoint: Checkpoint, request: GenerationRequest): LatentSize {
  const known = attentionBlocks(checkpoint.unet.config).map((block) => block.name);
  const unknown = (request.merging.blocks ?? []).filter((name) => !known.includes(name));
  if (unknown.length > 0) {
    throw new RequestError(
      'REQUEST_INVALID',
      `This model has no merging block ${unknown.join(', ')}; allowed: ${known.join(', ')}.`,
      { details: { unknown, allowed: known } },
    );
  }
  assertStepCache(checkpoint.unet.config, request.stepCache);
  const scale = vaeDownscale(checkpoint.vae.config);
  const { widthPx, heightPx } = request;
  if (widthPx % scale !== 0 || heightPx % scale !== 0) {
    throw new RequestError(
      'REQUEST_INVALID',
      `The size is ${widthPx}×${heightPx}; this model needs multiples of ${scale} px, the side of one latent.`,
      { details: { widthPx, heightPx, multiple: scale } },
    );
  }
  return { latentH: heightPx / scale, latentW: widthPx / scale };
}

/** Throws REQUEST_INVALID for a branch that this U-Net has not. */
export function assertStepCache(config: UnetConfig, stepCache: StepCache | undefined): void {
  const branches = upLayerCount(config);
  if (stepCache === undefined || stepCache.branch < branches) return;
  throw new RequestError(
    'REQUEST_INVALID',
    `This model has no step cache branch ${stepCache.branch}; allowed: 0 to ${branches - 1}. Small ones save most.`,
    { details: { branch: stepCache.branch, branches } },
  );
}
