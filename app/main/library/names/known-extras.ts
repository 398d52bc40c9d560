/** Tensors that real checkpoints carry and no picture needs. They are counted, not reported. */

const inSingleFile: readonly RegExp[] = [
  // Training state: averaged weights, the noise schedule as tables.
  /^model_ema\./,
  /^(alphas|betas|sqrt|log_one_minus|posterior|lvlb|logvar)[a-z0-9_]*$/,
  /^(scale_factor|denoiser\.sigmas)$/,
  // Marks of fine-tunes: predicts velocity, zero terminal signal-to-noise ratio.
  /^(v_pred|ztsnr)$/,
  /^cond_stage_model\.(model\.)?(logit_scale|text_projection(\.weight)?|attn_mask)$/,
  /^cond_stage_model\.(model|transformer)\.(visual|vision_model)\./,
  /^cond_stage_model\.(logit_scale|text_projection)/,
  /^first_stage_model\.(loss|model_ema)\./,
];

const inTextEncoder: readonly RegExp[] = [
  /position_ids$/,
  /^text_projection(\.weight)?$/,
  /^logit_scale$/,
  /^visual_projection\./,
];

export function isKnownExtra(name: string): boolean {
  return inSingleFile.some((pattern) => pattern.test(name)) || name.endsWith('position_ids');
}

/** `name` is diffusers' name; layers behind the last one that is used belong to OpenCLIP's habit of one more. */
export function isKnownTextExtra(name: string, layerCount: number): boolean {
  const layer = /^text_model\.encoder\.layers\.(\d+)\./.exec(name)?.[1];
  if (layer !== undefined && Number(layer) >= layerCount) return true;
  return inTextEncoder.some((pattern) => pattern.test(name));
}
