import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import type { JobEvent, JobFigures } from '#contract/engine-protocol.ts';
import { CancelledError, EngineError } from '#contract/errors.ts';
import { noticeText } from '#contract/notices/english.ts';
import { tomesdMerging, type GenerationRequest } from '#contract/request.ts';
import type { Candidate, NetPartName } from '#contract/runtime.ts';
import { openCheckpoint } from '#library/checkpoint.ts';
import { goldenFolder } from '#tests/golden-model.ts';
import { Runtime } from '../runtime.ts';
import type { RuntimeOptions } from '../session.ts';
import { generate } from './generate.ts';
import type { AskRoom, Unaddressed } from './job.ts';
import { Model } from './model.ts';

const request: GenerationRequest = {
  ...{ prompt: 'a red sun', negativePrompt: '', widthPx: 64, heightPx: 64, steps: 4 },
  ...{ scheduler: 'euler_a', guidanceScale: 5, seed: 3, count: 1, merging: { ...tomesdMerging, ratio: 0.5 } },
};
const device: Candidate = { provider: 'webgpu', index: 0, device: 'Stand-in', precision: 'f32' };

/**
 * A device that fails as told, which is a stand-in: the CPU computes in its name, and what it gave is thrown away with the
 * failure. So a picture that went on rightly is the CPU's own, bit for bit.
 */
class FailingDevice extends Runtime {
  readonly #fail: (part: NetPartName, run: number) => EngineError | undefined;
  #runs = 0;

  constructor(fail: (part: NetPartName, run: number) => EngineError | undefined) {
    super([device]);
    this.#fail = fail;
  }

  override options(part: NetPartName): RuntimeOptions {
    return { ...super.options(part), provider: 'cpu' };
  }

  override ran(part: NetPartName): void {
    const error = this.place(part).provider === 'cpu' ? undefined : this.#fail(part, ++this.#runs);
    if (error !== undefined) throw error;
    super.ran(part);
  }
}

let model: Model | undefined;
afterEach(() => model?.release());

async function make(runtime: Runtime, askRoom?: AskRoom) {
  await model?.release();
  model = new Model(await openCheckpoint(join(goldenFolder, 'tiny-sd15')), runtime);
  const events: Unaddressed<JobEvent>[] = [];
  const figures: JobFigures = await generate(model, {
    ...{ request, previewEvery: 0, wantMaps: false, ...(askRoom && { askRoom }) },
    emit: (event) => events.push(event),
    isCancelled: () => false,
  });
  const picture = events.find((event) => event.type === 'picture');
  return {
    pixels: Buffer.from(picture?.rgb ?? []).toString('hex'),
    steps: events.filter(({ type }) => type === 'progress').length,
    warnings: events.flatMap((event) => (event.type === 'warning' ? [noticeText(event.notice)] : [])),
    places: figures.runtime?.parts.map(({ part, provider }) => `${part} ${provider}`),
    notices: figures.runtime?.notices.map(noticeText),
    next: nextOf(events),
    moved: figures.runtime?.moved ?? false,
    estimatedDeviceBytes: figures.estimatedDeviceBytes,
  };
}

/** Where the next job begins, as it was told last. */
function nextOf(events: readonly Unaddressed<JobEvent>[]): string | undefined {
  return events.findLast((event) => event.type === 'next')?.place.provider;
}

test.each<[string, (part: NetPartName, run: number) => EngineError | undefined, string[], string]>([
  [
    'lost in the middle of a picture (stand-in)',
    (part, run) =>
      part === 'unet' && run === 3
        ? new EngineError('ENGINE_FAILED', 'The model could not be run: Device was lost.')
        : undefined,
    ['text cpu', 'unet cpu', 'vae cpu'],
    'cpu',
  ],
  [
    'full when the picture is decoded (stand-in)',
    (part) =>
      part === 'vae'
        ? new EngineError('ENGINE_OUT_OF_MEMORY', 'The model could not be run: memory ran out.')
        : undefined,
    ['text cpu', 'unet webgpu', 'vae cpu'],
    'webgpu',
  ],
])('a device %s: the job goes on where it was, and says why', async (_, fail, places, next) => {
  const onCpu = await make(new Runtime());
  const made = await make(new FailingDevice(fail));
  expect(made.pixels).toBe(onCpu.pixels);
  expect(made.steps).toBe(request.steps);
  expect(made.places).toEqual(places);
  expect(made.next).toBe(next);
  // Times of two devices are those of neither.
  expect(made.moved).toBe(next === 'cpu');
  expect(made.notices).toHaveLength(1);
  expect(made.warnings).toEqual(expect.arrayContaining(made.notices ?? ['none']));
  expect(made.notices?.[0]).toMatch(/^WebGPU · float32 \(Stand-in\) could not go on: .* made on CPU/);
});

/** No stand-in: the runtime of every platform refuses CUDA while its extra is not there. */
test('a provider that does not start: the picture is made on the CPU from its first step', async () => {
  const onCpu = await make(new Runtime());
  const made = await make(new Runtime([{ ...device, provider: 'cuda' }]));
  expect(made.pixels).toBe(onCpu.pixels);
  expect(made.places).toEqual(['text cpu', 'unet cpu', 'vae cpu']);
  expect(made.moved).toBe(false);
  expect(made.notices?.[0]).toMatch(
    /^CUDA · float32 \(Stand-in\) could not go on: The model could not be loaded/,
  );
});

test('a job that is cancelled after its device failed (stand-in) tells where the next one begins', async () => {
  const lost = new EngineError('ENGINE_FAILED', 'The model could not be run: Device was lost.');
  const checkpoint = await openCheckpoint(join(goldenFolder, 'tiny-sd15'));
  model = new Model(checkpoint, new FailingDevice((_, run) => (run === 3 ? lost : undefined)));
  const events: Unaddressed<JobEvent>[] = [];
  const said = (type: JobEvent['type']) => events.filter((event) => event.type === type).length;
  const made = generate(model, {
    ...{ request, previewEvery: 0, wantMaps: false },
    emit: (event) => events.push(event),
    isCancelled: () => said('progress') === 3,
  });
  await expect(made).rejects.toThrow(CancelledError);
  expect(said('warning')).toBe(1);
  expect(nextOf(events)).toBe('cpu');
});

test('a failure with nothing left to go on with is the job’s', async () => {
  const lost = new EngineError('ENGINE_FAILED', 'The model could not be run.');
  class FailingCpu extends Runtime {
    override ran(): void {
      throw lost;
    }
  }
  await expect(make(new FailingCpu())).rejects.toBe(lost);
});

test('a device too small for the picture (stand-in) is not loaded on; one that is large enough is asked once', async () => {
  const asked: number[] = [];
  const room =
    (freeBytes: number): AskRoom =>
    (_place, heldBytes) => {
      asked.push(heldBytes);
      return Promise.resolve({ freeBytes, source: 'stand-in' });
    };
  const small = await make(new FailingDevice(() => undefined), room(1e6));
  expect(small.places).toEqual(['text cpu', 'unet cpu', 'vae cpu']);
  expect(small.notices).toEqual([
    expect.stringMatching(
      /^WebGPU · float32 \(Stand-in\) is too small: even with .*1 MB is free \(stand-in\)/,
    ),
  ]);
  expect(small.estimatedDeviceBytes).toBeUndefined();
  expect(small.next).toBe('cpu');
  const large = await make(new FailingDevice(() => undefined), room(1e9));
  expect(large.places).toEqual(['text cpu', 'unet webgpu', 'vae webgpu']);
  expect(large.estimatedDeviceBytes).toBeGreaterThan(1e6);
  expect(asked).toEqual([0, 0]);
  if (model === undefined) expect.fail('No model is loaded.');
  expect(await again(model, room(0), request)).toBe('webgpu');
  expect(asked).toHaveLength(2);
  // A larger picture takes more than lies there.
  await again(model, room(1e9), { ...request, widthPx: 128 });
  expect(asked).toHaveLength(3);
  expect(asked[2]).toBe(large.estimatedDeviceBytes);
  // Refused now, and named again as soon as a picture fits there.
  expect(await again(model, room(0), { ...request, widthPx: 256 })).toBe('cpu');
  expect(await again(model, room(1e9), request)).toBe('webgpu');
});

async function again(on: Model, askRoom: AskRoom, of: GenerationRequest): Promise<string | undefined> {
  const events: Unaddressed<JobEvent>[] = [];
  await generate(on, {
    ...{ request: of, previewEvery: 0, wantMaps: false, askRoom },
    emit: (event) => events.push(event),
    isCancelled: () => false,
  });
  return nextOf(events);
}
