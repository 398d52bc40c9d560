import { invariant } from '#contract/errors.ts';

/** The same latents for every row of the batch. */
export function repeatRows(latents: Float32Array, batch: number): Float32Array {
  if (batch === 1) return latents;
  const rows = new Float32Array(batch * latents.length);
  for (let b = 0; b < batch; b++) rows.set(latents, b * latents.length);
  return rows;
}

/**
 * Classifier-free guidance: negative + scale · (positive − negative), from a batch of both, the negative first.
 * Source: Ho & Salimans 2022, arXiv:2207.12598, in the form of diffusers' pipelines. One row is returned as it is.
 */
export function guide(output: Float32Array, batch: number, scale: number): Float32Array {
  if (batch === 1) return output;
  invariant(batch === 2, `Guidance joins two rows, not ${batch}.`);
  const length = output.length / 2;
  const guided = new Float32Array(length);
  for (let i = 0; i < length; i++) {
    const negative = output[i] ?? 0;
    guided[i] = negative + scale * ((output[length + i] ?? 0) - negative);
  }
  return guided;
}
