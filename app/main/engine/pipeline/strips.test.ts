import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { EngineError } from '#contract/errors.ts';
import type { Candidate, NetPartName } from '#contract/runtime.ts';
import { openCheckpoint } from '#library/checkpoint.ts';
import { embeddedModelPath } from '#library/models.ts';
import { expectClose, ofLargest } from '#tests/expect-close.ts';
import { goldenFolder, goldenModelNames, openGoldenModel } from '#tests/golden-model.ts';
import { loadVaeDecoder } from '../nets/vae.ts';
import { loadDecoderFront, loadDecoderPiece } from '../nets/vae-pieces.ts';
import { createTorchGenerator } from '../random.ts';
import { Runtime } from '../runtime.ts';
import type { RuntimeOptions } from '../session.ts';
import { GroupMoments } from './group-moments.ts';
import { Model } from './model.ts';
import { decodeStrips, type DecoderPieces } from './strips.ts';
import { TallPicture } from './tall-picture.ts';

const quiet = () => Promise.resolve();
/** One thread: the nets are small, and test files run side by side. */
const runtime = { threads: 1 };

describe('decoding in strips', () => {
  // 1: every strip is a row, or the two rows that one is enlarged to.
  test.each(goldenModelNames.flatMap((name) => [1, 3000, 2 ** 24].map((values) => [name, values] as const)))(
    '%s, strips of %i values: what diffusers decodes at once',
    async (name, valuesOfStrip) => {
      const { checkpoint, io } = await openGoldenModel(name);
      const { vae } = checkpoint;
      const { data, shape } = await io.floats('vae_latent');
      const [batch = 1, , latentH = 0, latentW = 0] = shape;
      const image = await io.floats('vae_image');
      const pieces: DecoderPieces = {
        front: () => loadDecoderFront(vae, runtime),
        piece: (piece) => loadDecoderPiece(vae, piece, runtime),
      };
      const first = { latents: data.subarray(0, data.length / batch), latentH, latentW };
      const told: string[] = [];
      const { planes, strips } = await decodeStrips(
        vae.config,
        pieces,
        first,
        (done, all) => (told.push(`${done} of ${all}`), Promise.resolve()),
        valuesOfStrip,
      );
      const expected = image.data.subarray(0, image.data.length / batch);
      expectClose(planes, expected, ofLargest(expected, 1e-4), 'pixels');
      expect(told).toEqual(Array.from({ length: strips }, (_, i) => `${i + 1} of ${strips}`));
      if (valuesOfStrip === 2 ** 24) expect(strips).toBeLessThan(30);
      if (valuesOfStrip === 1) expect(strips).toBeGreaterThan(4 * latentH * 8);
    },
  );

  test('the embedded model, height and width apart, whose convolutions have Winograd’s form', async () => {
    const { vae } = await openCheckpoint(embeddedModelPath());
    const [latentH, latentW] = [20, 13];
    const latents = createTorchGenerator(1).randn(vae.config.latentChannels * latentH * latentW);
    const decoder = await loadVaeDecoder(vae, runtime);
    const whole = await decoder.run(latents, 1, latentH, latentW);
    await decoder.release();
    const pieces: DecoderPieces = {
      front: () => loadDecoderFront(vae, runtime),
      piece: (piece) => loadDecoderPiece(vae, piece, runtime),
    };
    const { planes } = await decodeStrips(vae.config, pieces, { latents, latentH, latentW }, quiet, 20_000);
    expectClose(planes, whole, ofLargest(whole, 1e-5), 'pixels');
  });

  test('what stops it between two strips leaves no piece loaded', async () => {
    const { vae } = await openCheckpoint(join(goldenFolder, 'tiny-sd15'));
    let loaded = 0;
    const counted = async <T extends { release(): Promise<void> }>(loading: Promise<T>): Promise<T> => {
      const piece = await loading;
      loaded++;
      return { ...piece, release: () => (loaded--, piece.release()) };
    };
    const pieces: DecoderPieces = {
      front: () => counted(loadDecoderFront(vae, runtime)),
      piece: (piece) => counted(loadDecoderPiece(vae, piece, runtime)),
    };
    const grid = { latents: new Float32Array(vae.config.latentChannels * 64), latentH: 8, latentW: 8 };
    const stopped = new Error('stopped');
    const decoding = decodeStrips(
      vae.config,
      pieces,
      grid,
      (done) => (done === 5 ? Promise.reject(stopped) : Promise.resolve()),
      1000,
    );
    await expect(decoding).rejects.toBe(stopped);
    expect(loaded).toBe(0);
  });

  test('a device that fails in the middle (stand-in): the strips that are left are the CPU’s', async () => {
    const device: Candidate = { provider: 'webgpu', index: 0, device: 'Stand-in', precision: 'f32' };
    let runs = 0;
    class FailingDevice extends Runtime {
      override options(part: NetPartName): RuntimeOptions {
        return { ...super.options(part), provider: 'cpu' };
      }
      override ran(part: NetPartName): void {
        if (this.place(part).provider !== 'cpu' && ++runs === 7)
          throw new EngineError('ENGINE_FAILED', 'The model could not be run: Device was lost.');
        super.ran(part);
      }
    }
    const checkpoint = await openCheckpoint(join(goldenFolder, 'tiny-sd15'));
    const { config } = checkpoint.vae;
    const grid = {
      latents: createTorchGenerator(2).randn(config.latentChannels * 64),
      ...{ latentH: 8, latentW: 8 },
    };
    const decode = async (model: Model) => {
      const decoded = await decodeStrips(config, model.decoderPieces(), grid, quiet, 1000);
      const [vae] = model.runtime.report().parts.filter(({ part }) => part === 'vae');
      await model.release();
      return { planes: decoded.planes, provider: vae?.provider };
    };
    const expected = await decode(new Model(checkpoint));
    const actual = await decode(new Model(checkpoint, new FailingDevice([device])));
    expect(runs).toBe(7);
    expect(actual.provider).toBe('cpu');
    expect(actual.planes).toEqual(expected.planes);
  });
});

test('a device that fails with no other that loads: the failure is told, not that its piece is gone already', async () => {
  const device: Candidate = { provider: 'webgpu', index: 0, device: 'Stand-in', precision: 'f32' };
  const noMemory = new EngineError('ENGINE_OUT_OF_MEMORY', 'The model could not be loaded: memory ran out.');
  class FailingTwice extends Runtime {
    override options(part: NetPartName): RuntimeOptions {
      if (this.place(part).provider === 'cpu') throw noMemory;
      return { ...super.options(part), provider: 'cpu' };
    }
    override ran(): void {
      throw new EngineError('ENGINE_FAILED', 'The model could not be run: Device was lost.');
    }
  }
  const model = new Model(await openCheckpoint(join(goldenFolder, 'tiny-sd15')), new FailingTwice([device]));
  const { config } = model.checkpoint.vae;
  const grid = { latents: new Float32Array(config.latentChannels * 64), latentH: 8, latentW: 8 };
  await expect(decodeStrips(config, model.decoderPieces(), grid, quiet, 1000)).rejects.toBe(noMemory);
  await model.release();
});

describe('TallPicture', () => {
  /** Two channels of two columns: channel, row and column as digits. */
  const strip = (from: number, to: number) => Float32Array.from([0, 1].flatMap((c) => rowsOf(c, from, to)));
  const rowsOf = (c: number, from: number, to: number) =>
    Array.from({ length: to - from }, (_, i) => [
      100 * c + 10 * (from + i),
      100 * c + 10 * (from + i) + 1,
    ]).flat();

  test('rows across strips, and those of one strip without a copy', () => {
    const picture = new TallPicture(2, 2);
    const second = strip(3, 4);
    picture.add(strip(0, 3));
    picture.add(second);
    picture.add(strip(4, 6));
    expect(picture.rows).toBe(6);
    expect(picture.take(3, 4)).toBe(second);
    expect([...picture.take(2, 5)]).toEqual([...strip(2, 5)]);
    const space = new Float32Array(40);
    const taken = picture.take(1, 6, space);
    expect([...taken]).toEqual([...strip(1, 6)]);
    expect(taken.buffer).toBe(space.buffer);
  });

  test('rows that were let go of, or are not there yet, are told', () => {
    const picture = new TallPicture(2, 2);
    picture.add(strip(0, 2));
    picture.add(strip(2, 4));
    picture.dropAbove(2);
    expect([...picture.take(2, 4)]).toEqual([...strip(2, 4)]);
    expect(() => picture.take(1, 3)).toThrow('Rows 1 to 3 were asked for, and 1 of them are there.');
    expect(() => picture.take(3, 5)).toThrow('Rows 3 to 5');
    expect(() => {
      picture.add(new Float32Array(7));
    }).toThrow('no rows of 2');
  });
});

test('moments gathered strip by strip are those of the whole', () => {
  const values = createTorchGenerator(4)
    .randn(2 * 60)
    .map((value, i) => 3 * value + (i < 60 ? 50 : -7));
  const group = (g: number, from: number, to: number) => values.subarray(60 * g + from, 60 * g + to);
  const mean = (all: Float32Array) => all.reduce((sum, value) => sum + value, 0) / all.length;
  const variance = (all: Float32Array) =>
    all.reduce((sum, value) => sum + (value - mean(all)) ** 2, 0) / all.length;
  const moments = new GroupMoments();
  for (const [from, to] of [
    [0, 10],
    [10, 12],
    [12, 60],
  ] as const) {
    const parts = [group(0, from, to), group(1, from, to)];
    moments.add(to - from, Float32Array.from(parts, mean), Float32Array.from(parts, variance));
  }
  const wholes = [group(0, 0, 60), group(1, 0, 60)];
  const channels = moments.ofChannels(4);
  for (let channel = 0; channel < 4; channel++) {
    const whole = wholes[Math.floor(channel / 2)] ?? new Float32Array();
    expect(channels.mean[channel]).toBeCloseTo(mean(whole), 4);
    expect(channels.scale[channel]).toBeCloseTo(1 / Math.sqrt(variance(whole) + 1e-6), 5);
  }
});
