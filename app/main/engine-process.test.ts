import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { JobEvent } from '#contract/engine-protocol.ts';
import { noMerging } from '#contract/request.ts';
import type { GenerationRequest } from '#contract/request.ts';
import { createEngine } from '#engine/host.ts';
import type { Engine } from '#engine/host.ts';
import { createChildProcessPort } from '#engine/port.ts';
import { goldenFolder } from '#tests/golden-model.ts';

/** The real engine process with a tiny model, in the order of a session: each test uses what the one before left. */
const entry = fileURLToPath(import.meta.resolve('#main/engine-process.ts'));
const model = { path: join(goldenFolder, 'tiny-sd15') };
let engine: Engine;
beforeAll(() => {
  engine = createEngine({ startPort: () => createChildProcessPort(entry) });
});
afterAll(() => engine.dispose());

const request: GenerationRequest = {
  prompt: 'a red sun',
  negativePrompt: '',
  widthPx: 64,
  heightPx: 64,
  steps: 2,
  scheduler: 'euler_a',
  guidanceScale: 5,
  seed: 3,
  count: 1,
  merging: noMerging,
};
const longRequest = { ...request, widthPx: 256, heightPx: 256, steps: 900, scheduler: 'ddim' as const };

async function picture(): Promise<string> {
  const pictures: string[] = [];
  await engine.generate(
    { model, request },
    {
      onEvent: (event) => {
        if (event.type === 'picture') pictures.push(Buffer.from(event.rgb).toString('hex'));
      },
    },
  );
  return pictures.join();
}

let first = '';
test('loads a model ahead, so that the job itself loads nothing', async () => {
  const { tookMs } = await engine.load(model, noMerging);
  expect(tookMs).toBeGreaterThan(0);
  const figures = await engine.generate({ model, request });
  expect(figures.loadMs).toBeLessThan(tookMs / 2);
  first = await picture();
  expect(first).toHaveLength(2 * 3 * 64 * 64);
});

test('cancels between two steps, and the process goes on to the next job', async () => {
  const { pid } = engine;
  const events: JobEvent['type'][] = [];
  const controller = new AbortController();
  const job = engine.generate(
    { model, request: longRequest },
    {
      signal: controller.signal,
      onEvent: (event) => {
        events.push(event.type);
        if (event.type === 'progress') controller.abort();
      },
    },
  );
  await expect(job).rejects.toMatchObject({ code: 'CANCELLED' });
  expect(events).toEqual(['memory', 'next', 'started', 'progress']);
  expect(await picture()).toBe(first);
  expect(engine.pid).toBe(pid);
});

test('refuses a second job while one runs', async () => {
  const controller = new AbortController();
  const job = engine.generate({ model, request: longRequest }, { signal: controller.signal });
  await expect(engine.unload()).rejects.toMatchObject({ code: 'ENGINE_BUSY' });
  controller.abort();
  await expect(job).rejects.toMatchObject({ code: 'CANCELLED' });
});

test('killed in the middle of a step: the job fails with the reason, the next one has a new process and the same picture', async () => {
  const { pid } = engine;
  const job = engine.generate(
    { model, request: longRequest },
    {
      onEvent: (event) => {
        if (event.type === 'progress' && engine.pid !== undefined) process.kill(engine.pid, 'SIGKILL');
      },
    },
  );
  await expect(job).rejects.toMatchObject({ code: 'ENGINE_DIED', details: { signal: 'SIGKILL' } });
  expect(await picture()).toBe(first);
  expect(engine.pid).not.toBe(pid);
});

test('unloads and loads again', async () => {
  await engine.unload();
  expect(await picture()).toBe(first);
});

test('a model that is not there fails the job and nothing else', async () => {
  const missing = { path: join(goldenFolder, 'no-such-model') };
  await expect(engine.generate({ model: missing, request })).rejects.toMatchObject({
    code: 'MODEL_NOT_FOUND',
  });
  expect(await picture()).toBe(first);
});
