import { NORM_EPSILON } from '#kernels/nets/vae.ts';
import type { ChannelMoments } from '../nets/vae-pieces.ts';

/**
 * Mean and variance of every group of a picture, gathered strip by strip.
 * Source: Chan, Golub & LeVeque 1979, "Updating Formulae and a Pairwise Algorithm for Computing Sample Variances".
 */
export class GroupMoments {
  #count = 0;
  #means: Float64Array | undefined;
  #squares: Float64Array | undefined;

  /** `count`: values of each group in this strip. */
  add(count: number, mean: Float32Array, variance: Float32Array): void {
    const means = (this.#means ??= new Float64Array(mean.length));
    const squares = (this.#squares ??= new Float64Array(mean.length));
    const total = this.#count + count;
    for (const [group, value] of mean.entries()) {
      const apart = value - (means[group] ?? 0);
      means[group] = (means[group] ?? 0) + (apart * count) / total;
      squares[group] =
        (squares[group] ?? 0) + (variance[group] ?? 0) * count + (apart ** 2 * this.#count * count) / total;
    }
    this.#count = total;
  }

  /** For each channel that of its group. */
  ofChannels(channels: number): ChannelMoments {
    const means = this.#means ?? new Float64Array(1);
    const squares = this.#squares ?? new Float64Array(1);
    const groupOf = (channel: number) => Math.floor((channel * means.length) / channels);
    const each = (value: (group: number) => number) =>
      Float32Array.from({ length: channels }, (_, channel) => value(groupOf(channel)));
    return {
      mean: each((group) => means[group] ?? 0),
      scale: each((group) => 1 / Math.sqrt((squares[group] ?? 0) / this.#count + NORM_EPSILON)),
    };
  }
}
