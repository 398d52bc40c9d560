import { vaeDownscale, type VaeConfig } from '#kernels/nets/configs.ts';
import { buildVaeDecoder, buildVaeEncoder, vaeNames } from '#kernels/nets/vae.ts';
import type { RuntimeOptions } from '../session.ts';
import { floatOutput, loadNet, sizeFeeds, type NetPart } from './net.ts';

export interface VaeDecoder {
  /** Latents [B, C, h, w], divided by the scaling factor → pixels [B, 3, h·f, w·f] in −1 … 1. */
  run(latents: Float32Array, batch: number, latentH: number, latentW: number): Promise<Float32Array>;
  release(): Promise<void>;
}

export interface VaeEncoder {
  /** Pixels [B, 3, H, W] in −1 … 1 → mean and log-variance of the latents, each [B, C, H/f, W/f], unscaled. */
  run(
    pixels: Float32Array,
    batch: number,
    heightPx: number,
    widthPx: number,
  ): Promise<{ mean: Float32Array; logVariance: Float32Array }>;
  release(): Promise<void>;
}

export async function loadVaeDecoder(
  part: NetPart<VaeConfig>,
  options: RuntimeOptions = {},
): Promise<VaeDecoder> {
  // Taking memory anew for every tensor doubles the time of a decoding, and saves a fifth of its peak.
  const keepsArena = options.memory !== 'low';
  const session = await loadNet(part, buildVaeDecoder, { ...options, keepsArena });
  const { config } = part;
  const scale = vaeDownscale(config);
  return {
    async run(latents, batch, latentH, latentW) {
      const feeds = {
        [vaeNames.latents]: { data: latents, shape: [batch, config.latentChannels, latentH, latentW] },
        ...sizeFeeds(session, batch, latentH * scale, latentW * scale),
      };
      return floatOutput(await session.run(feeds, [vaeNames.pixels]), vaeNames.pixels);
    },
    release: () => session.release(),
  };
}

export async function loadVaeEncoder(
  part: NetPart<VaeConfig>,
  options: RuntimeOptions = {},
): Promise<VaeEncoder> {
  const session = await loadNet(part, buildVaeEncoder, options);
  const { config } = part;
  return {
    async run(pixels, batch, heightPx, widthPx) {
      const feeds = {
        [vaeNames.pixels]: { data: pixels, shape: [batch, config.inChannels, heightPx, widthPx] },
        ...sizeFeeds(session, batch, heightPx, widthPx),
      };
      const moments = floatOutput(await session.run(feeds, [vaeNames.moments]), vaeNames.moments);
      return splitMoments(moments, batch);
    },
    release: () => session.release(),
  };
}

/** [B, 2C, h, w] → the first C channels of each sample, and the last. */
function splitMoments(
  moments: Float32Array,
  batch: number,
): { mean: Float32Array; logVariance: Float32Array } {
  const half = moments.length / batch / 2;
  const mean = new Float32Array(batch * half);
  const logVariance = new Float32Array(batch * half);
  for (let b = 0; b < batch; b++) {
    const start = 2 * b * half;
    mean.set(moments.subarray(start, start + half), b * half);
    logVariance.set(moments.subarray(start + half, start + 2 * half), b * half);
  }
  return { mean, logVariance };
}
