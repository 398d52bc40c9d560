import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { noMerging, tomesdMerging } from '#contract/request.ts';
import { changesChannels, decoderPieces } from '#kernels/nets/vae-pieces.ts';
import { choosePartition } from '#kernels/tome/partition.ts';
import { mergeStructure, planMerging } from '#kernels/tome/plan.ts';
import type { MergeSettings } from '#kernels/tome/settings.ts';
import { createRandom } from '#kernels/tome/random.ts';
import { expectClose, ofLargest } from '#tests/expect-close.ts';
import { openGoldenModel } from '#tests/golden-model.ts';
import { randomValues } from '#tests/random-values.ts';
import { useSoftwareGpu } from '#tests/software-gpu.ts';
import { temporaryFolder } from '#tests/temporary.ts';
import type { RuntimeOptions } from '../session.ts';
import { loadTomeProbe } from './tome-probe.ts';
import { disposeKept } from './kept.ts';
import { loadUnet, type UnetResult } from './unet.ts';
import { loadDecoderPiece } from './vae-pieces.ts';

/**
 * The WebGPU provider itself, on a GPU in software. One process, so each shader is compiled once.
 * Where nodes run is the runtime's own word: its trace names the provider of every node that ran, inside branches too.
 */
const missing = useSoftwareGpu();
if (missing !== undefined) process.stderr.write(`Skipped, WebGPU: ${missing}\n`);

/** The runtime refuses to load a graph that has a node for the CPU. */
const nothingOnCpu = { disable_cpu_ep_fallback: '1' };
const gpu: RuntimeOptions = { provider: 'webgpu', threads: 1, config: nothingOnCpu };
const cpu: RuntimeOptions = { threads: 1 };
const exact = { atol: 0, rtol: 0 };

describe.skipIf(missing !== undefined)('merging on WebGPU', () => {
  const size = { batch: 2, gridH: 10, gridW: 12 };
  const tokens = size.gridH * size.gridW;
  const [channels, valueChannels] = [8, 11];

  it.each([
    { mode: 'merge', window: 0 },
    { mode: 'merge', window: 4 },
    { mode: 'prune', window: 0 },
    { mode: 'prune', window: 4 },
  ] as const)('is what it is on the CPU: $mode, windows of $window', { timeout: 600_000 }, async (form) => {
    const random = createRandom([form.window, 1, 2, 3]);
    const draw = () =>
      choosePartition(size.gridH, size.gridW, { kind: 'cells-random', sx: 2, sy: 2 }, random);
    const input = {
      ...size,
      x: randomValues(1, size.batch * tokens * channels),
      y: randomValues(2, size.batch * tokens * valueChannels),
      partition: [draw(), draw()],
      merged: 60,
    };
    const results = [];
    for (const runtime of [cpu, gpu]) {
      const probe = await loadTomeProbe({ ...form, channels, valueChannels }, runtime);
      results.push(await probe.run(input));
      await probe.release();
    }
    const [expected, actual] = results;
    if (expected === undefined || actual === undefined) expect.fail('Nothing ran.');
    expect(actual.mergedCount).toBe(tokens - 60);
    expectClose(actual.map, expected.map, exact, 'map');
    expectClose(actual.merged, expected.merged, ofLargest(expected.merged, 1e-6), 'merged');
    expectClose(actual.unmerged, expected.unmerged, ofLargest(expected.unmerged, 1e-6), 'unmerged');
  });
});

/** As on the CPU (golden.test.ts); measured: 3.7e-6. */
const SHARE = 1e-4;
const TIMESTEP = 741;
/** Between the likenesses of the tiny net's tokens, so that some go and some stay. */
const THRESHOLD = 0.7;
/** Shaders are compiled and every number is computed by a CPU that has other tests to run. */
const timeoutMs = 600_000;

describe.skipIf(missing !== undefined)('the U-Net on WebGPU', () => {
  it.each([
    // One graph, merging and not: what ratio 0 runs is what `If` leaves.
    { model: 'tiny-sd15', size: '16x16', structure: 0.5, ratios: [0.5, 0] },
    { model: 'tiny-sd21', size: '13x17', structure: 0, ratios: [0] },
  ] as const)(
    'is diffusers’ with tomesd, all of it on the device: $model $size, ratios $ratios',
    { timeout: timeoutMs },
    async ({ model, size, structure, ratios }) => {
      const { checkpoint, io } = await openGoldenModel(model);
      const { config } = checkpoint.unet;
      const settingsOf = (ratio: number): MergeSettings => ({
        ...tomesdMerging,
        partition: 'cells-fixed',
        ratio,
      });
      const folder = await temporaryFolder();
      const unet = await loadUnet(checkpoint.unet, mergeStructure(config, settingsOf(structure)), {
        ...gpu,
        profilePrefix: join(folder, 'trace'),
      });
      const { data: latents, shape } = await io.floats(`unet_${size}_sample`);
      const [batch = 0, , latentH = 0, latentW = 0] = shape;
      const hidden = await io.floats('clip_hidden');
      for (const ratio of ratios) {
        const step = { latentH, latentW, batch, seed: 0, stepIndex: 0, stepCount: 1 };
        const { output } = await unet.run({
          ...{ latents, batch, latentH, latentW, timestep: TIMESTEP },
          ...{ merge: planMerging(config, settingsOf(ratio), step), hidden: hidden.data, tokenCount: 77 },
        });
        const suffix = ratio === 0 ? '' : `_r${ratio * 100}`;
        const expected = await io.floats(`unet_${size}_out_t${TIMESTEP}${suffix}`);
        expectClose(output, expected, ofLargest(expected.data, SHARE), `ratio ${ratio}`);
      }
      unet.endProfiling();
      await unet.release();
      const ran = await nodesThatRan(folder);
      expect(ran.filter(({ provider }) => provider !== 'WebGpuExecutionProvider')).toEqual([]);
      // A copy between the memories in the middle of the graph would be a node too.
      expect(ran.filter(({ operator }) => operator.startsWith('Memcpy'))).toEqual([]);
      expect(ran.some(({ operator }) => operator === 'TopK')).toBe(structure > 0);
    },
  );

  it('merges as new requests do on the CPU, all of it on the device', { timeout: timeoutMs }, async () => {
    const { checkpoint, io } = await openGoldenModel('tiny-sd15');
    const { config } = checkpoint.unet;
    const settings: MergeSettings = { ...noMerging, ratio: 0.5, leaveOutCostly: false };
    const folder = await temporaryFolder();
    const { data: latents, shape } = await io.floats('unet_16x16_sample');
    const [batch = 0, , latentH = 0, latentW = 0] = shape;
    const hidden = await io.floats('clip_hidden');
    const step = { latentH, latentW, batch, seed: 5, stepIndex: 0, stepCount: 1 };
    const outputs: Float32Array[] = [];
    for (const runtime of [cpu, { ...gpu, profilePrefix: join(folder, 'trace') }]) {
      const unet = await loadUnet(checkpoint.unet, mergeStructure(config, settings), runtime);
      const { output } = await unet.run({
        ...{ latents, batch, latentH, latentW, timestep: TIMESTEP },
        ...{ merge: planMerging(config, settings, step), hidden: hidden.data, tokenCount: 77 },
      });
      outputs.push(output);
      unet.endProfiling();
      await unet.release();
    }
    const [expected = new Float32Array(), actual = new Float32Array()] = outputs;
    expectClose(actual, expected, ofLargest(expected, SHARE), 'new requests');
    const ran = await nodesThatRan(folder);
    expect(ran.filter(({ provider }) => provider !== 'WebGpuExecutionProvider')).toEqual([]);
    expect(ran.some(({ operator }) => operator === 'TopK')).toBe(true);
  });

  it(
    'with a threshold all but the count is on the device, also in steps that go on with a match',
    { timeout: timeoutMs },
    async () => {
      const { checkpoint, io } = await openGoldenModel('tiny-sd15');
      const { config } = checkpoint.unet;
      const settings: MergeSettings = { ...tomesdMerging, ratio: 0.75, threshold: THRESHOLD, matchEvery: 2 };
      const folder = await temporaryFolder();
      const { data: latents, shape } = await io.floats('unet_16x16_sample');
      const [batch = 0, , latentH = 0, latentW = 0] = shape;
      const hidden = await io.floats('clip_hidden');
      const results: UnetResult[][] = [];
      for (const runtime of [cpu, { ...gpu, config: {}, profilePrefix: join(folder, 'trace') }]) {
        const unet = await loadUnet(checkpoint.unet, mergeStructure(config, settings), runtime);
        const passes: UnetResult[] = [];
        for (const stepIndex of [0, 1]) {
          const step = { latentH, latentW, batch, seed: 5, stepIndex, stepCount: 2 };
          passes.push(
            await unet.run({
              ...{ latents, batch, latentH, latentW, timestep: TIMESTEP, match: passes[0]?.match },
              ...{ merge: planMerging(config, settings, step), hidden: hidden.data, tokenCount: 77 },
            }),
          );
        }
        disposeKept(Object.values(passes[0]?.match ?? {}));
        unet.endProfiling();
        await unet.release();
        results.push(passes);
      }
      const [expected = [], actual = []] = results;
      for (const [i, pass] of expected.entries()) {
        expect(actual[i]?.merged).toEqual(pass.merged);
        expectClose(actual[i]?.output ?? [], pass.output, ofLargest(pass.output, SHARE), `pass ${i}`);
      }
      const counts = [...(expected[0]?.merged?.values() ?? [])];
      const most = 0.75 * latentH * latentW;
      expect(counts.some((count) => count > 0 && count < most)).toBe(true);
      const ran = await nodesThatRan(folder);
      const beside = ran.filter(({ provider }) => provider !== 'WebGpuExecutionProvider');
      // Of a few numbers each: how many reach it, and what follows from that.
      expect(new Set(beside.map(({ operator }) => operator))).toEqual(
        new Set(['Min', 'Sub', 'Mul', 'Cast', 'Identity']),
      );
      expect(
        beside.filter(({ name }) => !/^count\/|\/(?:counts|result_)|\/count\/Identity/.test(name)),
      ).toEqual([]);
    },
  );
});

/** Every node of the trace in a folder: its operator and where it ran. */
async function nodesThatRan(folder: string): Promise<{ operator: string; provider: string; name: string }[]> {
  const [trace = ''] = await readdir(folder);
  const events = JSON.parse(await readFile(join(folder, trace), 'utf8')) as {
    name: string;
    cat: string;
    args?: { op_name?: string; provider?: string };
  }[];
  const nodes = events.flatMap(({ name, cat, args }) =>
    cat === 'Node' && args?.provider !== undefined
      ? [{ name, operator: args.op_name ?? '', provider: args.provider }]
      : [],
  );
  expect(nodes.length).toBeGreaterThan(100);
  return nodes;
}

describe.skipIf(missing !== undefined)('pieces of the decoder on WebGPU', () => {
  const [rows, columns] = [7, 6];

  // The first of each kind; the fourth residual block of the way up is where the number of channels changes.
  it.each(['enlarge', 'first', 'second', 'last'] as const)(
    'are what they are on the CPU: %s',
    { timeout: timeoutMs },
    async (kind) => {
      const { checkpoint } = await openGoldenModel('tiny-sd15');
      const { vae } = checkpoint;
      const pieces = decoderPieces(vae.config).filter((piece) => piece.kind === kind);
      const piece = pieces.find(changesChannels) ?? pieces[0];
      if (piece === undefined) expect.fail(`The decoder has no such piece: ${kind}.`);
      const { channels, out } = piece;
      const scale = kind === 'enlarge' ? 2 : 1;
      const wanted = [scale, scale * (rows - 1)] as const;
      const input = {
        ...{ data: randomValues(5, channels * rows * columns), rows, columns, wanted },
        moments: { mean: randomValues(6, channels), scale: randomValues(7, channels) },
        around: kind === 'second' ? randomValues(8, out * (rows - 2) * columns) : undefined,
      };
      const given = kind === 'enlarge' ? { ...input, moments: undefined } : input;
      const results = [];
      for (const runtime of [cpu, gpu]) {
        const loaded = await loadDecoderPiece(vae, piece, runtime);
        results.push(await loaded.run(given));
        await loaded.release();
      }
      const [expected, actual] = results;
      if (expected === undefined || actual === undefined) expect.fail('Nothing ran.');
      expect(actual.data).toHaveLength(out * scale * (rows - 2) * scale * columns);
      expectClose(actual.data, expected.data, ofLargest(expected.data, 1e-5), 'data');
      expect(actual.around === undefined).toBe(kind !== 'first');
      if (actual.around !== undefined && expected.around !== undefined)
        expectClose(actual.around, expected.around, ofLargest(expected.around, 1e-5), 'around');
      expect(actual.measured === undefined).toBe(kind === 'last');
      if (actual.measured === undefined || expected.measured === undefined) return;
      for (const of of ['mean', 'variance'] as const)
        expectClose(actual.measured[of], expected.measured[of], ofLargest(expected.measured[of], 1e-5), of);
    },
  );
});
