import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { noMerging } from '#contract/request.ts';
import { cpuTarget } from '#kernels/graph/target.ts';
import type { ClipTextConfig } from '#kernels/nets/configs.ts';
import { buildUnet } from '#kernels/nets/unet.ts';
import { wholeUnet } from '#kernels/nets/unet-extent.ts';
import { openCheckpoint } from '#library/checkpoint.ts';
import { embeddedModelPath } from '#library/models.ts';
import { parseTextConfig } from '#library/configs/text.ts';
import { parseUnetConfig } from '#library/configs/unet.ts';
import { parseVaeConfig } from '#library/configs/vae.ts';
import type { TensorProto } from '#kernels/onnx/schema/onnx_pb.js';
import { allNodes, parseModel } from '#tests/onnx-model.ts';
import { estimateMemory } from './estimate.ts';
import type { MemoryRequest } from './request-size.ts';
import { modelWeights, type ModelShape } from './weights.ts';

const MiB = 1024 ** 2;
const layouts = join(import.meta.dirname, '..', '..', '..', '..', 'tests', 'golden', 'layouts');
const layout = (name: string) =>
  (JSON.parse(readFileSync(join(layouts, `${name}.json`), 'utf8')) as { config: Record<string, unknown> })
    .config;
const clip: ClipTextConfig = parseTextConfig('sd15', layout('sd15.text_encoder'));
const sd15: ModelShape = {
  unet: parseUnetConfig('sd15', layout('sd15.unet')),
  vae: parseVaeConfig('sd15', layout('sd.vae')),
  text: clip,
};
const weights = modelWeights(sd15);
const at = (px: number, more: Partial<MemoryRequest> = {}): MemoryRequest => ({
  ...{ widthPx: px, heightPx: px, guidanceScale: 7.5, merging: noMerging },
  ...more,
});
const of = (request: MemoryRequest, mode: 'full' | 'low' = 'full', more = {}) =>
  estimateMemory(sd15, weights, request, { mode, previews: false, ...more });

const int8 = { precision: 'int8' as const };

describe('estimateMemory', () => {
  it('knows the weights of SD 1.5: 860 million values of the U-Net, 85 of the text encoder without its table, 49 of the decoder', () => {
    const millions = (values: number) => Math.round(values / 1e6);
    expect(millions(weights.unet.values)).toBe(860);
    expect(millions(weights.text.values)).toBe(85);
    expect(millions(weights.decoder.values)).toBe(49);
    expect(millions(weights.unet.convValues)).toBe(564);
    expect(millions(weights.unet.eightBitValues)).toBe(831);
    expect(weights.unet.winogradValues).toBe((2560 * 1280 * 3 * 3) / 8);
  });

  // VmHWM of the engine process in MiB, measured on 29 November 2026 (2 cores, Linux x64, onnxruntime-node 1.30).
  it.each([
    ['loading the U-Net, full', of(at(512)).phases.load, 5541],
    ['steps at 512 px, full', of(at(512)).phases.steps, 4010],
    ['a whole picture of 512 px, full', of(at(512)).bytes, 5743],
    ['decoding at 512 px, full', of(at(512)).phases.decode, 5473],
    ['steps at 1024 px, full', of(at(1024)).phases.steps, 4650],
    ['a whole picture of 1024 px, full', of(at(1024)).bytes, 6300],
    ['a whole picture of 256 px, full', of(at(256)).bytes, 5750],
    ['steps at 512 px, low', of(at(512), 'low').phases.steps, 3628],
    ['loading the U-Net, full, int8', of(at(512), 'full', int8).phases.load, 5620],
    ['loading the U-Net, low, int8', of(at(512), 'low', int8).phases.load, 5620],
    ['steps at 256 px, full, int8', of(at(256), 'full', int8).phases.steps, 1139],
    ['steps at 512 px, full, int8', of(at(512), 'full', int8).phases.steps, 1281],
    ['steps at 768 px, full, int8', of(at(768), 'full', int8).phases.steps, 1520],
    ['steps at 512 px, low, int8', of(at(512), 'low', int8).phases.steps, 1286],
  ])('is within a fifth of what was measured with the size of SD 1.5: %s', (_name, bytes, measuredMiB) => {
    expect(bytes / MiB / measuredMiB).toBeGreaterThan(0.8);
    expect(bytes / MiB / measuredMiB).toBeLessThan(1.2);
  });

  it.each([
    [256, 'full', 'f32', 277],
    [384, 'full', 'f32', 354],
    [256, 'low', 'f32', 198],
    [384, 'low', 'f32', 229],
    [256, 'full', 'int8', 256],
    [384, 'full', 'int8', 355],
    [256, 'low', 'int8', 215],
    [384, 'low', 'int8', 256],
  ] as const)(
    'is within a fifth of what was measured with the embedded model: %d px, %s, %s',
    async (px, mode, precision, measuredMiB) => {
      const { unet, vae, textEncoder } = await openCheckpoint(embeddedModelPath(), {});
      const shape = { unet: unet.config, vae: vae.config, text: textEncoder.config };
      const { bytes } = estimateMemory(shape, modelWeights(shape), at(px), {
        mode,
        previews: false,
        precision,
      });
      expect(bytes / MiB / measuredMiB).toBeGreaterThan(0.8);
      expect(bytes / MiB / measuredMiB).toBeLessThan(1.2);
    },
  );

  it('counts as 8-bit what the graph makes 8-bit', async () => {
    const { unet } = await openCheckpoint(embeddedModelPath(), {});
    const target = { ...cpuTarget, products: 'int8' } as const;
    const { graph } = parseModel(buildUnet(unet.config, unet.weights, null, wholeUnet, target));
    const nodes = allNodes(graph);
    const made = new Map(nodes.flatMap((node) => node.output.map((name) => [name, node])));
    const stored = new Map(graph.initializer.map((tensor) => [tensor.name, tensor]));
    /** Through the Cast of half precision, and the norm that is folded into a projection. */
    const origin = (name = ''): TensorProto | undefined =>
      stored.get(name) ?? (made.has(name) ? origin(made.get(name)?.input[0]) : undefined);
    const sizes = nodes
      .filter(({ opType }) => opType === 'QuantizeLinear')
      .map(({ input }) => origin(input[0])?.dims.reduce((product, dim) => product * Number(dim), 1) ?? NaN);
    const { eightBitValues } = modelWeights({ ...sd15, unet: unet.config }).unet;
    expect(sizes.length).toBeGreaterThan(0);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(eightBitValues);
  });

  it('grows with size and guidance, and falls with the low mode and with nets that are loaded', () => {
    expect(of(at(1024)).phases.steps).toBeGreaterThan(of(at(512)).phases.steps);
    expect(of(at(512, { guidanceScale: 1 })).phases.steps).toBeLessThan(of(at(512)).phases.steps);
    expect(of(at(512), 'low').bytes).toBeLessThan(of(at(512)).bytes);
    expect(of(at(256), 'full', { loaded: true }).bytes).toBeLessThan(of(at(256)).bytes);
  });

  it('is moved by merging only where the feed-forward layers merge: they hold the widest tensors', () => {
    const merging = { ...noMerging, ratio: 0.5 };
    expect(of(at(1024, { merging })).phases.steps).toBe(of(at(1024)).phases.steps);
    expect(of(at(1024, { merging: { ...merging, mlp: true } })).phases.steps).toBeLessThan(
      of(at(1024)).phases.steps,
    );
  });

  it('counts the second net of step caching and the decoder of previews', () => {
    const cached = of(at(512, { stepCache: { interval: 3, branch: 0 } }));
    expect(cached.phases.steps).toBeGreaterThan(of(at(512)).phases.steps);
    expect(of(at(512), 'full', { previews: true }).phases.steps).toBeGreaterThan(of(at(512)).phases.steps);
  });
});

describe('estimateMemory, on a device', () => {
  const webgpu = (isShared: boolean) => ({ device: { provider: 'webgpu', isShared } as const });

  // VmHWM while the U-Net was loaded, WebGPU on SwiftShader, 29 November 2026: its device's memory is the process's.
  it('is within a fifth of what was measured with WebGPU in software while the U-Net is loaded', async () => {
    const { unet, vae, textEncoder } = await openCheckpoint(embeddedModelPath(), {});
    const small = { unet: unet.config, vae: vae.config, text: textEncoder.config };
    const options = { mode: 'low', previews: false, ...webgpu(true) } as const;
    for (const [model, measuredMiB] of [
      [sd15, 4949],
      [small, 244],
    ] as const) {
      const { phases } = estimateMemory(model, modelWeights(model), at(512), options);
      expect(phases.load / MiB / measuredMiB).toBeGreaterThan(0.8);
      expect(phases.load / MiB / measuredMiB).toBeLessThan(1.2);
    }
  });

  it('leaves this computer what passes through it, and tells of the rest', () => {
    const apart = of(at(512), 'full', webgpu(false));
    const together = of(at(512), 'full', webgpu(true));
    expect(apart.deviceBytes).toBe(together.deviceBytes);
    expect(apart.phases.steps).toBeLessThan(of(at(512)).phases.steps / 4);
    expect(together.bytes).toBeGreaterThan(apart.deviceBytes ?? Infinity);
    expect(of(at(512)).deviceBytes).toBeUndefined();
  });

  it('counts the feature of step caching where it stays there: 42 MB at 1024 px', () => {
    const cached = (px: number, options: object, mode?: 'low') => {
      const steps = (more: Partial<MemoryRequest>) => of(at(px, more), mode, options).phases.steps;
      return steps({ stepCache: { interval: 3, branch: 0 } }) - steps({});
    };
    // What is left beside the second net's weights, which no size changes: two rows of 320 channels.
    const grown = (options: object, mode?: 'low') => cached(1024, options, mode) - cached(64, options, mode);
    expect(grown(webgpu(true))).toBe(2 * 320 * (128 ** 2 - 8 ** 2) * 4);
    expect(grown(webgpu(true), 'low')).toBe(0);
    expect(grown({ device: { provider: 'cuda', isShared: true } })).toBe(0);
  });

  it('halves the U-Net in F16, and in low memory never has it beside the decoder', () => {
    const low = of(at(512), 'low', webgpu(false)).deviceBytes ?? NaN;
    const half = of(at(512), 'low', { ...webgpu(false), precision: 'f16' }).deviceBytes ?? NaN;
    expect(half / low).toBeCloseTo(0.5, 2);
    expect(of(at(512), 'full', webgpu(false)).deviceBytes).toBeGreaterThan(low);
  });
});
