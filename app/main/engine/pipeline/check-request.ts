import { RequestError } from '#contract/errors.ts';
import type { GenerationRequest } from '#contract/request.ts';
import type { Checkpoint } from '#library/checkpoint.ts';
import { vaeDownscale } from '#kernels/nets/configs.ts';
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
