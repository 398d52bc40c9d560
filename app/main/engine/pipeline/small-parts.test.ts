import { describe, expect, test } from 'vitest';
import type { VaeConfig } from '#kernels/nets/configs.ts';
import type { VaeDecoder } from '../nets/vae.ts';
import { createTorchGenerator } from '../random.ts';
import { decodeLatents } from './decode.ts';
import { fitsWhole, wholeLimit } from './decode-size.ts';
import { guide, repeatRows } from './guidance.ts';
import { toRgb } from './pixels.ts';
import { fitPreview, projectLatents } from './preview.ts';
import { TextCache } from './text-cache.ts';

const vae: VaeConfig = {
  inChannels: 3,
  outChannels: 3,
  latentChannels: 4,
  blockOutChannels: [128, 256, 512, 512],
  layersPerBlock: 2,
  normNumGroups: 32,
  midBlockAttention: true,
  useQuantConv: true,
  usePostQuantConv: true,
  scalingFactor: 0.5,
};

/** A decoder that is a linear map of each latent, repeated over its 8×8 pixels: what previews assume at best. */
const mix = [
  [0.1, -0.2, 0.05, 0.3],
  [0.2, 0.1, -0.1, 0],
  [-0.3, 0.05, 0.2, 0.1],
] as const;
const linearDecoder: VaeDecoder = {
  run(latents, _batch, h, w) {
    const planes = new Float32Array(3 * h * 8 * w * 8);
    for (let i = 0; i < planes.length; i++) {
      const plane = Math.floor(i / (h * w * 64));
      const y = Math.floor((i % (h * w * 64)) / (w * 8) / 8);
      const x = Math.floor((i % (w * 8)) / 8);
      const sum = (mix[plane] ?? []).reduce(
        (total, weight, c) => total + weight * (latents[(c * h + y) * w + x] ?? 0),
        0.02,
      );
      planes[i] = sum;
    }
    return Promise.resolve(planes);
  },
  release: () => Promise.resolve(),
};

describe('guide', () => {
  test('goes from the negative through the positive', () => {
    expect([...guide(Float32Array.of(1, 2, 3, 5), 2, 3)]).toEqual([7, 11]);
  });

  test('returns one row as it is', () => {
    const output = Float32Array.of(1, 2);
    expect(guide(output, 1, 7)).toBe(output);
    expect([...repeatRows(output, 2)]).toEqual([1, 2, 1, 2]);
  });
});

test('pixels are interleaved, rounded and clipped', () => {
  const planes = Float32Array.of(-1, 1, 0, 0.004, -9, 9);
  expect([...toRgb(planes, 2, 1)]).toEqual([0, 128, 0, 255, 128, 255]);
  expect(() => toRgb(planes, 3, 1)).toThrow('values for 3×1');
});

describe('preview', () => {
  test('finds the linear map of a decoder', async () => {
    const projection = await fitPreview(linearDecoder, vae);
    const rows = projection.rows.map((row) => [...row].map((value) => Math.round(value * 1e4) / 1e4 + 0));
    // Latents as the U-Net knows them are divided by the scaling factor before decoding.
    expect(rows).toEqual(mix.map((row) => [...row.map((weight) => weight / vae.scalingFactor), 0.02]));
  });

  test('projects latents to bytes', () => {
    const rows = [0, 1, 2].map((c) => Float64Array.from([0, 0, 0, 0, 0], (_, i) => (i === c ? 0.5 : 0)));
    const latents = Float32Array.of(2, -2, 0, 2, -9, 9, 1, 1);
    expect([...projectLatents({ rows }, latents, 2)]).toEqual([255, 128, 0, 0, 255, 255]);
  });
});

describe('decoding at once or in strips', () => {
  const isWhole = (side: number, ...limit: Parameters<typeof wholeLimit>) =>
    fitsWhole(vae, side, side, wholeLimit(...limit));

  test('512 and 768 px of a real VAE at once, 1024 px in strips; in low memory 512 px alone', () => {
    expect([64, 96, 128].map((side) => isWhole(side, 'full'))).toEqual([true, true, false]);
    expect([64, 96, 128].map((side) => isWhole(side, 'low'))).toEqual([true, false, false]);
  });

  test('a device with much memory of its own decodes larger pictures at once', () => {
    const [small, large] = [8e9, 24e9];
    expect([isWhole(128, 'full', small), isWhole(128, 'full', large), isWhole(256, 'full', large)]).toEqual([
      ...[false, true, false],
    ]);
  });

  test('a small VAE takes large pictures at once', () => {
    const small: VaeConfig = { ...vae, blockOutChannels: [16, 32, 64], midBlockAttention: false };
    expect(fitsWhole(small, 256, 256, wholeLimit('full'))).toBe(true);
  });

  test('what was chosen decodes', async () => {
    const latents = createTorchGenerator(1).randn(4 * 3 * 5);
    const whole = await decodeLatents({ whole: linearDecoder }, vae, latents, 3, 5, () => Promise.resolve());
    const scaled = latents.map((value) => value / vae.scalingFactor);
    expect(whole).toEqual({ planes: await linearDecoder.run(scaled, 1, 3, 5), strips: 1 });
    const noPieces = () => Promise.reject(new Error('pieces'));
    const pieces = { front: noPieces, piece: noPieces };
    await expect(decodeLatents({ pieces }, vae, latents, 3, 5, () => Promise.resolve())).rejects.toThrow(
      'pieces',
    );
  });
});

test('the text cache keeps the chunks used last', () => {
  const cache = new TextCache();
  for (let i = 0; i < 64; i++) cache.set([i], Float32Array.of(i));
  expect(cache.get([0])?.[0]).toBe(0);
  cache.set([64], Float32Array.of(64));
  expect(cache.get([1])).toBeUndefined();
  expect(cache.get([0])?.[0]).toBe(0);
});
