/** How much each token matters to the prompt: what guidance changed there (IBTM, arXiv:2411.16720). */

/**
 * What guidance changed at each latent position: |positive − negative| over all channels, the largest made 1.
 * @param output both halves of guidance, [2, C, h, w].
 */
export function guidanceDifference(output: Float32Array, positions: number): Float32Array {
  const half = output.length / 2;
  const difference = new Float32Array(positions);
  for (let i = 0; i < half; i++) {
    const at = i % positions;
    difference[at] = (difference[at] ?? 0) + Math.abs((output[half + i] ?? 0) - (output[i] ?? 0));
  }
  const largest = difference.reduce((most, value) => Math.max(most, value), 0);
  return largest === 0 ? difference : difference.map((value) => value / largest);
}

/** The mean over the latent positions that each token of a level's grid stands for. */
export function levelImportance(
  difference: Float32Array,
  { latentH, latentW }: { readonly latentH: number; readonly latentW: number },
  level: number,
): Float32Array {
  if (level === 0) return difference;
  const side = 2 ** level;
  const [rows, columns] = [Math.ceil(latentH / side), Math.ceil(latentW / side)];
  const means = new Float32Array(rows * columns);
  const counts = new Uint32Array(rows * columns);
  for (let i = 0; i < latentH * latentW; i++) {
    const at = Math.floor(Math.floor(i / latentW) / side) * columns + Math.floor((i % latentW) / side);
    means[at] = (means[at] ?? 0) + (difference[i] ?? 0);
    counts[at] = (counts[at] ?? 0) + 1;
  }
  return means.map((sum, at) => sum / (counts[at] ?? 1));
}
