import { afterAll, describe, expect, it } from 'vitest';
import { sizeFeeds } from '#engine/nets/net.ts';
import { createSession, type NamedTensor, type Session } from '#engine/session.ts';
import { expectClose, ofLargest } from '#tests/expect-close.ts';
import { goldenModelNames, openGoldenModel } from '#tests/golden-model.ts';
import { randomValues } from '#tests/random-values.ts';
import { parseModel } from '#tests/onnx-model.ts';
import { GraphBuilder } from '../graph/builder.ts';
import { conv } from '../graph/ops/nn.ts';
import { cpuTarget } from '../graph/target.ts';
import { buildVaeDecoder, vaeNames } from '../nets/vae.ts';
import { Level } from './level.ts';
import { convWinograd } from './winograd.ts';
import { tilingOf, weightParts } from './winograd-tiles.ts';

/** Of the largest value; measured: at most 1e-5. */
const SHARE = 3e-5;
const noWeights = { get: () => undefined, names: () => [] };

const sessions: Session[] = [];
afterAll(async () => {
  for (const session of sessions) await session.release();
});

/** The runtime's own convolution beside ours, in one graph for every size. */
async function openBoth(channels: number, out: number): Promise<Session> {
  const g = new GraphBuilder(noWeights);
  const level = new Level(0);
  const x = g.input('x', 'f32', ['batch', channels, level.rows, level.columns]);
  const w = g.floats([...randomValues(2, out * channels * 9)], [out, channels, 3, 3]);
  const b = g.floats([...randomValues(3, out)]);
  g.output('direct', conv(g, x, w, b));
  g.output('winograd', convWinograd(g, x, w, b, level));
  const session = await createSession(g.build('both'), '.', { threads: 1 });
  sessions.push(session);
  return session;
}
const few = openBoth(5, 7);
/** So many that the transformed weights come in two parts. */
const many = openBoth(768, 640);

function numbers(tensor: NamedTensor | undefined) {
  if (!(tensor?.data instanceof Float32Array)) throw new TypeError('There is no such float32 output.');
  return { data: tensor.data, shape: tensor.shape };
}

describe('a convolution in Winograd’s form', () => {
  it.each([
    { batch: 1, channels: 5, h: 1, w: 1, out: 7 },
    { batch: 2, channels: 5, h: 3, w: 5, out: 7 },
    { batch: 1, channels: 5, h: 4, w: 8, out: 7 },
    { batch: 3, channels: 5, h: 7, w: 10, out: 7 },
    { batch: 1, channels: 5, h: 66, w: 33, out: 7 },
    // More tiles than one part holds.
    { batch: 2, channels: 5, h: 80, w: 61, out: 7 },
    { batch: 2, channels: 768, h: 5, w: 6, out: 640 },
    { batch: 2, channels: 768, h: 72, w: 60, out: 640 },
  ])('is the direct one: $batch of $channels channels, $h×$w', async ({ batch, channels, h, w, out }) => {
    const session = await (channels === 5 ? few : many);
    const data = randomValues(1, batch * channels * h * w);
    const feeds = {
      x: { data, shape: [batch, channels, h, w] },
      ...sizeFeeds(session, batch, h, w),
    };
    const { direct, winograd } = await session.run(feeds, ['direct', 'winograd']);
    const expected = numbers(direct);
    expect(winograd?.shape).toEqual([batch, out, h, w]);
    expectClose(numbers(winograd), expected, ofLargest(expected.data, SHARE));
  });

  it('cuts the weights of a wide layer, as in the cases above, and those of a narrow one not', () => {
    expect(weightParts(640, 768)).toBe(2);
    expect(weightParts(7, 5)).toBe(1);
  });

  it.each(goldenModelNames)(
    'decodes as diffusers does where every layer that can takes it: %s',
    async (name) => {
      const { io, checkpoint } = await openGoldenModel(name);
      const { config, weights, folder } = checkpoint.vae;
      const model = buildVaeDecoder(config, weights, { ...cpuTarget, winogradFrom: 1 });
      const tiled = parseModel(model).graph.node.filter(({ opType }) => opType === 'Scan');
      expect(tiled.length).toBeGreaterThan(10);
      const session = await createSession(model, folder, { threads: 1 });
      sessions.push(session);
      const { data, shape } = await io.floats('vae_latent');
      const [batch = 0, , h = 0, w = 0] = shape;
      const feeds = { [vaeNames.latents]: { data, shape }, ...sizeFeeds(session, batch, h * 8, w * 8) };
      const expected = await io.floats('vae_image');
      const { pixels } = await session.run(feeds, [vaeNames.pixels]);
      expectClose(numbers(pixels), expected, ofLargest(expected.data, 1e-4));
    },
  );
});

describe('tilingOf', () => {
  it('reads every place where it belongs and sends every result to its place', () => {
    const [batch, h, w] = [2, 5, 6];
    const { tiles, tilesShape, places } = tilingOf(batch, { h, w });
    expect(tilesShape).toEqual([1, 36, 8]);
    // The middle of a tile's border of one: read index 7 + 6·i + j is what result 4·i + j is made around.
    for (const [place, result] of places.entries()) {
      const tile = result % 8;
      const [i, j] = [Math.floor(result / 8 / 4), Math.floor(result / 8) % 4];
      expect(tiles[(7 + 6 * i + j) * 8 + tile]).toBe(place);
    }
    expect(new Set(places).size).toBe(batch * h * w);
    expect([...tiles].filter((row) => row === batch * h * w).length).toBeGreaterThan(0);
  });

  it('reads a smaller grid as its nearest neighbours would enlarge it', () => {
    const { tiles } = tilingOf(1, { h: 3, w: 4 }, { h: 2, w: 2 });
    const rows = Array.from({ length: 6 }, (_, y) => [...tiles.subarray(6 * y, 6 * y + 6)]);
    const outside = [4, 4, 4, 4, 4, 4];
    expect(rows).toEqual([
      outside,
      [4, 0, 0, 1, 1, 4],
      [4, 0, 0, 1, 1, 4],
      [4, 2, 2, 3, 3, 4],
      outside,
      outside,
    ]);
  });

  it('works on at most 512 tiles at a time', () => {
    const { tilesShape, tiles } = tilingOf(1, { h: 512, w: 4 });
    expect(tilesShape).toEqual([1, 36, 128]);
    expect(tilingOf(2, { h: 257, w: 64 }).tilesShape).toEqual([5, 36, 416]);
    expect(tiles).toHaveLength(36 * 128);
  });
});
