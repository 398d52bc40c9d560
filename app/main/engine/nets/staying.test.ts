import { afterEach, describe, expect, it } from 'vitest';
import { noMerging, tomesdMerging } from '#contract/request.ts';
import { mergeStructure, planMerging } from '#kernels/tome/plan.ts';
import type { MergeSettings } from '#kernels/tome/settings.ts';
import type { UnetExtent } from '#kernels/nets/unet-extent.ts';
import { expectClose, ofLargest } from '#tests/expect-close.ts';
import { openGoldenModel } from '#tests/golden-model.ts';
import { randomValues } from '#tests/random-values.ts';
import { useSoftwareGpu } from '#tests/software-gpu.ts';
import { DeviceTensor, LostTensorError, tensorsOnDevices } from '../device-tensor.ts';
import type { KeptTensor, RuntimeOptions } from '../session.ts';
import { disposeKept, isGone } from './kept.ts';
import { loadUnet, type Unet, type UnetInput } from './unet.ts';

/** What passes leave on the device for later ones, on a GPU in software. */
const missing = useSoftwareGpu();
if (missing !== undefined) process.stderr.write(`Skipped, WebGPU: ${missing}\n`);

const there: RuntimeOptions = { provider: 'webgpu', threads: 1, config: { disable_cpu_ep_fallback: '1' } };
/** In low memory everything comes here. */
const here: RuntimeOptions = { ...there, memory: 'low' };
const timeoutMs = 600_000;
const size = { batch: 2, latentH: 12, latentW: 10 };
const share = 1e-5;

const { checkpoint } = await openGoldenModel('tiny-sd15');
const { unet: part } = checkpoint;
const [first = new Float32Array(), second = new Float32Array()] = [3, 5].map((seed) =>
  randomValues(seed, size.batch * part.config.inChannels * size.latentH * size.latentW),
);
const hidden = randomValues(4, size.batch * 5 * part.config.crossAttentionDim);

function inputOf(settings: MergeSettings, stepIndex: number): UnetInput {
  const step = { ...size, seed: 1, stepIndex, stepCount: 4 };
  return {
    ...{
      ...size,
      latents: stepIndex === 0 ? first : second,
      timestep: 700 - stepIndex,
      hidden,
      tokenCount: 5,
    },
    merge: planMerging(part.config, settings, step),
  };
}

const carrying: MergeSettings = {
  ...noMerging,
  ratio: 0.5,
  leaveOutCostly: false,
  matchEvery: 2,
  matchScope: 'level',
};

const loaded: Unet[] = [];
afterEach(async () => {
  for (const net of loaded.splice(0)) await net.release();
  expect(tensorsOnDevices()).toBe(0);
});

async function load(settings: MergeSettings, options: RuntimeOptions, extent?: UnetExtent): Promise<Unet> {
  const net = await loadUnet(part, mergeStructure(part.config, settings), options, extent);
  loaded.push(net);
  return net;
}

describe.skipIf(missing !== undefined)('on WebGPU', () => {
  it(
    'the deep feature stays on the device, and gives what it gives from here',
    { timeout: timeoutMs },
    async () => {
      const settings: MergeSettings = { ...tomesdMerging, ratio: 0.5 };
      const outputs: Float32Array[][] = [];
      for (const options of [here, there]) {
        const whole = await load(settings, options, { part: 'whole', branch: 1 });
        const shallow = await load(settings, options, { part: 'shallow', branch: 1 });
        const { deep, ...fresh } = await whole.run({ ...inputOf(settings, 0), wantDeep: true });
        expect(deep instanceof DeviceTensor).toBe(options === there);
        expect(deep?.shape).toEqual([2, 32, 12, 10]);
        expect(tensorsOnDevices()).toBe(options === there ? 1 : 0);
        const later = await shallow.run({ ...inputOf(settings, 1), deep, wantMaps: true });
        const again = await shallow.run({ ...inputOf(settings, 2), deep });
        // Where nothing merges, what would be a map leaves the graph as the input that it came in as.
        const plain = await whole.run({ ...inputOf(settings, 1), merge: undefined });
        outputs.push([fresh, later, again, plain].map(({ output }) => output));
        disposeKept(deep === undefined ? [] : [deep]);
        expect(tensorsOnDevices()).toBe(0);
      }
      const [expected = [], actual = []] = outputs;
      expected.forEach((output, i) => {
        expectClose(actual[i] ?? [], output, ofLargest(output, share), `pass ${i}`);
      });
    },
  );

  it('a carried match stays on the device, and maps come here', { timeout: timeoutMs }, async () => {
    const results = [];
    for (const options of [here, there]) {
      const unet = await load(carrying, options);
      const fresh = await unet.run({ ...inputOf(carrying, 0), wantMaps: true });
      const parts: KeptTensor[] = Object.values(fresh.match);
      expect(parts.length).toBeGreaterThan(0);
      expect(parts.every((tensor) => tensor instanceof DeviceTensor)).toBe(options === there);
      // Nothing of the maps stays there.
      expect(tensorsOnDevices()).toBe(options === there ? parts.length : 0);
      const later = await unet.run({ ...inputOf(carrying, 1), match: fresh.match, wantMaps: true });
      expect(later.match).toBe(fresh.match);
      const quiet = await unet.run({ ...inputOf(carrying, 1), match: fresh.match });
      const plain = await unet.run({ ...inputOf(carrying, 1), merge: undefined });
      expect(plain.match).toEqual({});
      expect(tensorsOnDevices()).toBe(options === there ? parts.length : 0);
      results.push([fresh, later, quiet, plain]);
      disposeKept(parts);
    }
    const [expected = [], actual = []] = results;
    expected.forEach((one, i) => {
      const other = actual[i];
      if (other === undefined) expect.fail('A pass is missing.');
      expectClose(other.output, one.output, ofLargest(one.output, share), `pass ${i}`);
      expect(other.maps).toEqual(one.maps);
    });
    expect(actual[1]?.maps).toEqual(actual[0]?.maps);
    expect(actual[0]?.maps.length).toBeGreaterThan(0);
  });

  it('what is left is fed nowhere else, and goes with its net', { timeout: timeoutMs }, async () => {
    const unet = await load(carrying, there);
    const { match } = await unet.run(inputOf(carrying, 0));
    const next = { ...inputOf(carrying, 1), match };
    for (const elsewhere of [{ threads: 1 }, { ...there, deviceIndex: 1 }]) {
      const other = await load(carrying, elsewhere);
      await expect(other.run(next)).rejects.toThrow(/lies on webgpu 0 and was given to/);
    }
    await loaded.shift()?.release();
    expect(Object.values(match).every(isGone)).toBe(true);
    for (const other of loaded) await expect(other.run(next)).rejects.toThrow(LostTensorError);
  });
});
