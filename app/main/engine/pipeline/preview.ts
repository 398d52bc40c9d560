import { invariant } from '#contract/errors.ts';
import { vaeDownscale, type VaeConfig } from '#kernels/nets/configs.ts';
import type { VaeDecoder } from '../nets/vae.ts';
import { createTorchGenerator } from '../random.ts';

/** Latents → colour by one linear map, thousands of times cheaper than the VAE: one pixel for each latent. */
export interface PreviewProjection {
  /** [3][C + 1]: weights of the channels, then the constant. */
  readonly rows: readonly Float64Array[];
}

/** Samples: patches of one random latent value each, wide enough that the middle sees nothing of its neighbours' edges. */
const patch = 4;
const patchesPerSide = 6;
/** Latents of real pictures reach beyond the unit normal distribution. */
const spread = 1.5;
const fitSeed = 0;

/**
 * Fits the map for a VAE by least squares on random latents that it decodes itself, so that any VAE has its own:
 * published factors hold for Stable Diffusion 1.x alone.
 */
export async function fitPreview(decoder: VaeDecoder, config: VaeConfig): Promise<PreviewProjection> {
  const { latentChannels: channels, scalingFactor } = config;
  const side = patch * patchesPerSide;
  const values = createTorchGenerator(fitSeed).randn(channels * patchesPerSide ** 2);
  const scaled = new Float32Array(channels * side * side);
  for (let i = 0; i < scaled.length; i++) {
    const c = Math.floor(i / side ** 2);
    const y = Math.floor((i % side ** 2) / side / patch);
    const x = Math.floor((i % side) / patch);
    scaled[i] = spread * (values[(c * patchesPerSide + y) * patchesPerSide + x] ?? 0);
  }
  const decoded = await decoder.run(
    scaled.map((value) => value / scalingFactor),
    1,
    side,
    side,
  );
  const pooled = averagePool(decoded, side, vaeDownscale(config));
  return {
    rows: [0, 1, 2].map((c) =>
      leastSquares(scaled, channels, pooled.subarray(c * side ** 2, (c + 1) * side ** 2)),
    ),
  };
}

/** Clean latents [C, h, w] → h·w·3 bytes. */
export function projectLatents(
  projection: PreviewProjection,
  latents: Float32Array,
  pixels: number,
): Uint8Array {
  const rgb = new Uint8ClampedArray(3 * pixels);
  projection.rows.forEach((row, colour) => {
    const channels = row.length - 1;
    for (let i = 0; i < pixels; i++) {
      let sum = row[channels] ?? 0;
      for (let c = 0; c < channels; c++) sum += (row[c] ?? 0) * (latents[c * pixels + i] ?? 0);
      rgb[3 * i + colour] = (sum + 1) * 127.5;
    }
  });
  return new Uint8Array(rgb.buffer);
}

/** Planes [3, side·scale, side·scale] → [3, side, side]. */
function averagePool(planes: Float32Array, side: number, scale: number): Float32Array {
  const wide = side * scale;
  const out = new Float32Array(3 * side * side);
  for (let i = 0; i < planes.length; i++) {
    const c = Math.floor(i / wide ** 2);
    const y = Math.floor((i % wide ** 2) / wide / scale);
    const x = Math.floor((i % wide) / scale);
    const to = (c * side + y) * side + x;
    out[to] = (out[to] ?? 0) + (planes[i] ?? 0) / scale ** 2;
  }
  return out;
}

/** Weights of the channels and a constant that fit `target` best, by the normal equations. */
function leastSquares(latents: Float32Array, channels: number, target: Float32Array): Float64Array {
  const size = channels + 1;
  const count = target.length;
  const at = (c: number, i: number): number => (c === channels ? 1 : (latents[c * count + i] ?? 0));
  const system = Array.from({ length: size }, () => new Float64Array(size + 1));
  for (const [r, row] of system.entries()) {
    for (let i = 0; i < count; i++) {
      for (let c = 0; c < size; c++) row[c] = (row[c] ?? 0) + at(r, i) * at(c, i);
      row[size] = (row[size] ?? 0) + at(r, i) * (target[i] ?? 0);
    }
  }
  return solve(system);
}

/** Gauss–Jordan elimination with pivoting on [A | b]. */
function solve(system: Float64Array[]): Float64Array {
  const size = system.length;
  for (let c = 0; c < size; c++) {
    const below = system.slice(c).toSorted((a, b) => Math.abs(b[c] ?? 0) - Math.abs(a[c] ?? 0));
    system.splice(c, size - c, ...below);
    const pivot = system[c];
    const lead = pivot?.[c] ?? 0;
    invariant(pivot !== undefined && lead !== 0, 'The latents of the preview fit are not independent.');
    for (const row of system) {
      if (row === pivot) continue;
      const factor = (row[c] ?? 0) / lead;
      for (let k = c; k <= size; k++) row[k] = (row[k] ?? 0) - factor * (pivot[k] ?? 0);
    }
  }
  return Float64Array.from(system, (row, i) => (row[size] ?? 0) / (row[i] ?? 1));
}
