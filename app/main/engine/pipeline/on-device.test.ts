import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { CancelledError, EngineError } from '#contract/errors.ts';
import { noMerging, type GenerationRequest } from '#contract/request.ts';
import type { Candidate, NetPartName } from '#contract/runtime.ts';
import type { MergePlan } from '#kernels/tome/plan.ts';
import type { Checkpoint } from '#library/checkpoint.ts';
import { expectClose, ofLargest } from '#tests/expect-close.ts';
import { openGoldenModel } from '#tests/golden-model.ts';
import { randomValues } from '#tests/random-values.ts';
import { useSoftwareGpu } from '#tests/software-gpu.ts';
import { DeviceTensor, tensorsOnDevices } from '../device-tensor.ts';
import type { Unet, UnetInput } from '../nets/unet.ts';
import { createTorchGenerator } from '../random.ts';
import { Runtime } from '../runtime.ts';
import { denoise, type CallResult } from './denoise.ts';
import { Model } from './model.ts';
import type { RequestUnet } from './step-cache.ts';

/** Pictures whose calls leave something on the device for the next ones, on a GPU in software. */
const missing = useSoftwareGpu();
if (missing !== undefined) process.stderr.write(`Skipped, WebGPU: ${missing}\n`);

const gpu: Candidate = { provider: 'webgpu', index: 0, device: 'SwiftShader', precision: 'f32' };
const timeoutMs = 600_000;
const positions = 5;

/** Calls: whole and matching, shallow, whole with the match of the first, shallow. */
const request: GenerationRequest = {
  ...{ prompt: '', negativePrompt: '', widthPx: 64, heightPx: 64, steps: 4, scheduler: 'ddim' },
  ...{ guidanceScale: 5, seed: 3, count: 1, stepCache: { interval: 2, branch: 1 } },
  merging: { ...noMerging, ratio: 0.5, leaveOutCostly: false, matchEvery: 4 },
};

let checkpoint: Checkpoint;
let hidden: Float32Array;
beforeAll(async () => {
  ({ checkpoint } = await openGoldenModel('tiny-sd15'));
  hidden = randomValues(4, 2 * positions * checkpoint.unet.config.crossAttentionDim);
});

let model: Model | undefined;
afterEach(giveBack);

async function giveBack(): Promise<void> {
  const loaded = model;
  model = undefined;
  await loaded?.release();
}

interface Made {
  readonly latents: Float32Array;
  readonly results: readonly CallResult[];
  /** What each call of a net was given of earlier ones: h here, d on the device. */
  readonly given: readonly string[];
}

async function make(
  runtime: Runtime,
  {
    afterCall,
    memory = 'full',
    wrap = (nets) => nets,
  }: {
    afterCall?: (result: CallResult) => Promise<void>;
    memory?: 'full' | 'low';
    wrap?: (nets: RequestUnet) => RequestUnet;
  } = {},
): Promise<Made> {
  model ??= new Model(checkpoint, runtime);
  await model.useMemory(memory);
  const nets = wrap(await model.unet(request.merging, request.stepCache));
  const given: string[] = [];
  const watched = (net: Unet): Unet => ({
    ...net,
    run(input) {
      given.push(places(input));
      return net.run(input);
    },
  });
  const results: CallResult[] = [];
  const latents = await denoise({
    model,
    unet: { whole: watched(nets.whole), ...(nets.shallow && { shallow: watched(nets.shallow) }) },
    request,
    seed: 3,
    generator: createTorchGenerator(3),
    prompts: {
      ...{ hidden, batch: 2, positions },
      ...{ tokenCount: 0, negativeTokenCount: 0, tokeniseMs: 0, textMs: 0 },
    },
    size: { latentH: 8, latentW: 8 },
    wantMaps: false,
    afterCall(result) {
      results.push(result);
      return afterCall?.(result) ?? Promise.resolve();
    },
  });
  return { latents, results, given };
}

/** Of feature and match: where they lie, or a dot where there is none. */
function places({ deep, match }: UnetInput): string {
  const place = (tensors: readonly object[]) => {
    if (tensors.length === 0) return '.';
    const count = tensors.filter((tensor) => tensor instanceof DeviceTensor).length;
    return count === tensors.length ? 'd' : count === 0 ? 'h' : 'both';
  };
  return place(deep === undefined ? [] : [deep]) + place(Object.values(match ?? {}));
}

const wholes = ({ results }: Made) => results.map(({ whole }) => (whole ? 'W' : '-')).join('');
const matches = ({ results }: Made) =>
  results.map(({ plan }) => (plan?.matches === true ? 'M' : '-')).join('');

/** What the CPU alone makes where this call cannot go on with what earlier ones left. */
function asIfLost(lost: number, nets: RequestUnet): RequestUnet {
  let call = -1;
  /** Of the first call, whose partition all have. */
  let merge: MergePlan | undefined;
  const net = (of: Unet): Unet => ({
    ...of,
    run(input) {
      call++;
      merge ??= input.merge;
      if (call !== lost) return of.run(input);
      return nets.whole.run({ ...input, deep: undefined, wantDeep: true, merge });
    },
  });
  return { whole: net(nets.whole), ...(nets.shallow && { shallow: net(nets.shallow) }) };
}

/** The device computes; that it failed with this run of the U-Net is a stand-in's word. */
class FailingGpu extends Runtime {
  #runs = 0;
  readonly #failing: number;

  constructor(failing: number) {
    super([gpu]);
    this.#failing = failing;
  }

  override ran(part: NetPartName): void {
    if (this.place(part).provider === 'webgpu' && ++this.#runs === this.#failing)
      throw new EngineError('ENGINE_FAILED', 'The model could not be run: Device was lost.');
    super.ran(part);
  }
}

describe.skipIf(missing !== undefined)('what calls leave on WebGPU', () => {
  test('stays there, and gives the picture that it gives from here', { timeout: timeoutMs }, async () => {
    const here = await make(new Runtime([gpu]), { memory: 'low' });
    expect(here.given).toEqual(['..', 'hh', '.h', 'hh']);
    await giveBack();
    const there = await make(new Runtime([gpu]));
    expect(there.given).toEqual(['..', 'dd', '.d', 'dd']);
    expect([wholes(there), matches(there)]).toEqual(['W-W-', 'M---']);
    expectClose(there.latents, here.latents, ofLargest(here.latents, 1e-5), 'latents');
    expect(tensorsOnDevices()).toBe(0);
  });

  test.each([
    ['a shallow one', 2, 'WWW-', 'MM--'],
    ['a whole one that goes on with a match', 3, 'W-W-', 'M-M-'],
  ])(
    'is made anew where the device fails in a call: %s',
    { timeout: timeoutMs },
    async (_, failing, wholeCalls, matchingCalls) => {
      const made = await make(new FailingGpu(failing));
      expect(wholes(made)).toBe(wholeCalls);
      expect(matches(made)).toBe(matchingCalls);
      expect(made.given.slice(0, failing)).not.toContain('hh');
      // The failed call was given what is lost, and then nothing; later ones what the CPU left.
      expect(made.given[failing]).toBe('..');
      expect(made.given.slice(failing + 1).join()).toMatch(/^[.h]h(,[.h]h)*$/);
      expect(tensorsOnDevices()).toBe(0);
      expect(model?.runtime.report().parts.find(({ part }) => part === 'unet')?.provider).toBe('cpu');
      await giveBack();
      const onCpu = await make(new Runtime(), { wrap: (nets) => asIfLost(failing - 1, nets) });
      expect(wholes(onCpu)).toBe('W-W-');
      expectClose(made.latents, onCpu.latents, ofLargest(onCpu.latents, 1e-4), 'latents');
    },
  );

  test('is disposed of with the picture, a cancel and an error', { timeout: timeoutMs }, async () => {
    const runtime = new Runtime([gpu]);
    for (const reason of [new CancelledError(), new TypeError('A mistake.')]) {
      let lying = 0;
      const stopped = make(runtime, {
        afterCall({ call }) {
          lying = Math.max(lying, tensorsOnDevices());
          return call === 1 ? Promise.reject(reason) : Promise.resolve();
        },
      });
      await expect(stopped).rejects.toBe(reason);
      expect(lying).toBeGreaterThan(1);
      // The nets are still loaded: nothing went with them.
      expect(model?.holdsNets).toBe(true);
      expect(tensorsOnDevices()).toBe(0);
    }
  });
});
