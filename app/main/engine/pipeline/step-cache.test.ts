import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  tomesdMerging,
  type GenerationRequest,
  type StepCache as StepCacheOptions,
} from '#contract/request.ts';
import { openGoldenModel } from '#tests/golden-model.ts';
import { randomValues } from '#tests/random-values.ts';
import { DeviceTensor } from '../device-tensor.ts';
import type { Unet } from '../nets/unet.ts';
import { createTorchGenerator } from '../random.ts';
import { denoise, type CallResult } from './denoise.ts';
import { Model } from './model.ts';
import { StepCache } from './step-cache.ts';

const request: GenerationRequest = {
  ...{ prompt: '', negativePrompt: '', widthPx: 64, heightPx: 64, steps: 5, scheduler: 'ddim' },
  ...{ guidanceScale: 7.5, seed: 3, count: 1, merging: { ...tomesdMerging, ratio: 0.5 } },
};
const positions = 5;

let model: Model;
let hidden: Float32Array;
beforeAll(async () => {
  const { checkpoint } = await openGoldenModel('tiny-sd15');
  model = new Model(checkpoint);
  hidden = randomValues(4, 2 * positions * checkpoint.unet.config.crossAttentionDim);
});
afterAll(() => model.release());

async function run(
  stepCache: StepCacheOptions | undefined,
  change: Partial<GenerationRequest> = {},
  latentW = 8,
) {
  const asked = { ...request, ...change, ...(stepCache === undefined ? {} : { stepCache }) };
  const results: CallResult[] = [];
  const latents = await denoise({
    model,
    unet: await model.unet(asked.merging, stepCache),
    request: asked,
    seed: 3,
    generator: createTorchGenerator(3),
    prompts: {
      ...{ hidden, batch: 2, positions },
      ...{ tokenCount: 0, negativeTokenCount: 0, tokeniseMs: 0, textMs: 0 },
    },
    size: { latentH: 8, latentW },
    wantMaps: true,
    afterCall(result) {
      results.push(result);
      return Promise.resolve();
    },
  });
  return { latents, results };
}

describe('step caching', () => {
  test('with every call whole gives what no caching gives, bit for bit', async () => {
    const plain = await run(undefined);
    for (const branch of [0, 3]) {
      const cached = await run({ interval: 1, branch });
      expect(cached.latents).toEqual(plain.latents);
      expect(cached.results.map(({ whole }) => whole)).toEqual(Array(5).fill(true));
    }
  });

  test('runs every n-th call whole, from the first on, whatever the scheduler makes of its steps', async () => {
    const wholeCalls = async (interval: number, change: Partial<GenerationRequest>) => {
      const { results } = await run({ interval, branch: 0 }, change);
      return results.map(({ whole }) => (whole ? 'W' : '-')).join('');
    };
    expect(await wholeCalls(2, {})).toBe('W-W-W');
    expect(await wholeCalls(3, {})).toBe('W--W-');
    expect(await wholeCalls(50, {})).toBe('W----');
    expect(await wholeCalls(2, { scheduler: 'heun' })).toBe('W-W-W-W-W');
    expect(await wholeCalls(3, { scheduler: 'pndm' })).toBe('W--W--');
  });

  test('changes the picture, and keeps nothing for the next one or for another size', async () => {
    const cache = { interval: 3, branch: 1 };
    const first = await run(cache);
    expect(first.latents).not.toEqual((await run(undefined)).latents);
    await run(cache, {}, 11);
    expect((await run(cache)).latents).toEqual(first.latents);
  });

  test('tells the maps and the merged share of the blocks that ran', async () => {
    const merging = { ...tomesdMerging, ratio: 0.5, maxDownsample: 2 as const };
    const { results } = await run({ interval: 2, branch: 1 }, { merging });
    const [whole, shallow] = results;
    expect(whole?.maps.map(({ block }) => block)).toHaveLength(10);
    expect(shallow?.maps.map(({ block }) => block)).toEqual([
      'down_blocks.0.attentions.0',
      'up_blocks.3.attentions.1',
      'up_blocks.3.attentions.2',
    ]);
    expect(shallow?.plan?.levels.map(({ level }) => level)).toEqual([0]);
    expect(shallow?.effectiveRatio).toBe(0.5);
  });
});

describe('the nets of a request', () => {
  test('stay loaded as long as they fit', async () => {
    const merging = { ...tomesdMerging, ratio: 0.5 };
    const one = await model.unet(merging, { interval: 2, branch: 0 });
    const other = await model.unet({ ...merging, ratio: 0.3 }, { interval: 5, branch: 0 });
    expect([other.whole === one.whole, other.shallow === one.shallow]).toEqual([true, true]);
    const plain = await model.unet(tomesdMerging);
    expect([plain.whole === one.whole, plain.shallow]).toEqual([true, undefined]);
    const back = await model.unet(tomesdMerging, { interval: 2, branch: 0 });
    expect([back.whole === one.whole, back.shallow === one.shallow]).toEqual([true, true]);
    const deeper = await model.unet(merging, { interval: 2, branch: 1 });
    expect([deeper.whole === one.whole, deeper.shallow?.extent]).toEqual([
      false,
      { part: 'shallow', branch: 1 },
    ]);
  });
});

describe('what calls leave on a device, with stand-ins for nets', () => {
  const input = { ...{ latents: new Float32Array(), batch: 2, latentH: 1, latentW: 1 }, timestep: 1 };
  const call = { ...input, hidden: new Float32Array(), tokenCount: 0 };
  const matching = { batch: 2, matches: true, levels: [] };

  /** Each whole pass leaves a feature and a match, and tells how many lie there while it runs. */
  function standIn() {
    const left: DeviceTensor[] = [];
    const lying = () => left.filter(({ isGone }) => !isGone).length;
    const ran: string[] = [];
    const leave = () => {
      const tensor = new DeviceTensor([1], 'webgpu 0', () => undefined);
      left.push(tensor);
      return tensor;
    };
    const net = (part: 'whole' | 'shallow'): Unet => ({
      ...{ structure: null, extent: { part, branch: 0 }, blocks: [], endProfiling: () => undefined },
      run({ wantDeep, merge, match = {} }) {
        ran.push(`${part} ${lying()}`);
        return Promise.resolve({
          ...{ output: new Float32Array(), maps: [] },
          ...(wantDeep === true ? { deep: leave() } : {}),
          match: merge?.matches === false ? match : { part: leave() },
        });
      },
      release: () => Promise.resolve(),
    });
    const cache = new StepCache({ whole: net('whole'), shallow: net('shallow') }, 3);
    return { cache, left, lying, ran };
  }

  test('goes before the pass that makes it anew, and with the picture', async () => {
    const { cache, lying, ran } = standIn();
    for (let i = 0; i < 5; i++) await cache.run(i, { ...call, merge: { ...matching, matches: i % 3 === 0 } });
    expect(ran).toEqual(['whole 0', 'shallow 2', 'shallow 2', 'whole 0', 'shallow 2']);
    cache.dispose();
    expect(lying()).toBe(0);
  });

  test('makes the next call whole where any of it went with its device between calls', async () => {
    const { cache, left, ran } = standIn();
    await cache.run(0, { ...call, merge: matching });
    expect([cache.isLost, cache.isWhole(1)]).toEqual([false, false]);
    left[1]?.dispose();
    expect([cache.isLost, cache.isWhole(1)]).toEqual([true, true]);
    await cache.run(1, { ...call, merge: matching });
    expect([cache.isLost, cache.isWhole(2), ran]).toEqual([false, false, ['whole 0', 'whole 0']]);
    cache.dispose();
  });
});
