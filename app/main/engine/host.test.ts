import { fileURLToPath } from 'node:url';
import { afterEach, expect, test } from 'vitest';
import type { JobEvent } from '#contract/engine-protocol.ts';
import { CancelledError } from '#contract/errors.ts';
import { noticeText } from '#contract/notices/english.ts';
import { tomesdMerging } from '#contract/request.ts';
import type { GenerationRequest } from '#contract/request.ts';
import { createEngine } from './host.ts';
import type { Engine } from './host.ts';
import { createChildProcessPort } from './port.ts';

const fakeEngine = fileURLToPath(import.meta.resolve('#tests/fake-engine.ts'));
let starts = 0;
let ends = 0;
let engine: Engine;

function start(cancelLimitMs = 10_000): Engine {
  starts = ends = 0;
  engine = createEngine({
    cancelLimitMs,
    onEnd: () => {
      ends++;
    },
    startPort: () => {
      starts++;
      return createChildProcessPort(fakeEngine);
    },
  });
  return engine;
}
afterEach(() => engine.dispose());

function job(prompt: string) {
  const request: GenerationRequest = {
    prompt,
    negativePrompt: '',
    widthPx: 64,
    heightPx: 64,
    steps: 1,
    scheduler: 'ddim',
    guidanceScale: 1,
    seed: 7,
    count: 1,
    merging: tomesdMerging,
  };
  return { model: { path: 'model' }, request };
}

test('a job hears its events in order and ends with its figures; typed arrays arrive whole', async () => {
  const events: JobEvent[] = [];
  const figures = await start().generate(job('end well'), { onEvent: (event) => events.push(event) });
  expect(figures.peakMemory).toEqual({ bytes: 1, source: 'nothing' });
  expect(events.map((event) => event.type)).toEqual(['warning', 'picture']);
  const picture = events.find((event) => event.type === 'picture');
  expect(picture && [...picture.rgb]).toEqual([1, 2, 3, 4, 5, 250]);
});

test('load and unload are answered, and the process stays for the next job', async () => {
  start();
  expect(await engine.load({ path: 'model' }, tomesdMerging)).toEqual({ tookMs: 5 });
  await engine.unload();
  await engine.generate(job('end well'));
  expect(starts).toBe(1);
});

test('an expected failure arrives with its code, message and details, and the engine works on', async () => {
  await expect(start().generate(job('fail'))).rejects.toMatchObject({
    code: 'MODEL_NOT_FOUND',
    message: 'No such model.',
    details: { path: 'x' },
  });
  await engine.generate(job('end well'));
  expect(starts).toBe(1);
});

test('a reply to another id is not taken for this job’s', async () => {
  const figures = await start().generate(job('answer another'));
  expect(figures.totalMs).toBe(1);
});

test('a second job while one runs is refused as busy and does not disturb it', async () => {
  start();
  const controller = new AbortController();
  const first = engine.generate(job('wait'), { signal: controller.signal });
  await expect(engine.generate(job('end well'))).rejects.toMatchObject({ code: 'ENGINE_BUSY' });
  controller.abort();
  await expect(first).rejects.toThrow(CancelledError);
});

test('a process that exits fails its job with the code and its last words; the next job gets a new process', async () => {
  await expect(start().generate(job('exit 3'))).rejects.toMatchObject({
    code: 'ENGINE_DIED',
    message: expect.stringMatching(/exit code 3.*the last line/s) as string,
    details: { exitCode: 3, signal: null },
  });
  await engine.generate(job('end well'));
  expect(starts).toBe(2);
});

test('a killed process fails its job with the signal and what it may mean', async () => {
  start();
  const running = engine.generate(job('wait'), {
    onEvent: () => {
      if (engine.pid !== undefined) process.kill(engine.pid, 'SIGKILL');
    },
  });
  await expect(running).rejects.toMatchObject({
    code: 'ENGINE_DIED',
    message: expect.stringMatching(/signal SIGKILL.*memory ran out/s) as string,
  });
});

test('cancel is answered by the engine, which lives on', async () => {
  start();
  const controller = new AbortController();
  const running = engine.generate(job('wait'), {
    signal: controller.signal,
    onEvent: () => {
      controller.abort();
    },
  });
  await expect(running).rejects.toThrow(CancelledError);
  await engine.generate(job('end well'));
  expect(starts).toBe(1);
});

test('a cancel that nobody answers ends the process; the job counts as cancelled', async () => {
  start(50);
  const controller = new AbortController();
  const running = engine.generate(job('ignore cancel'), {
    signal: controller.signal,
    onEvent: () => {
      controller.abort();
    },
  });
  await expect(running).rejects.toThrow(CancelledError);
  await engine.generate(job('end well'));
  expect(starts).toBe(2);
});

test('a cancel that is answered by pictures which are kept may take longer, and they are heard', async () => {
  start(50);
  const controller = new AbortController();
  const events: JobEvent[] = [];
  const running = engine.generate(job('keep'), {
    signal: controller.signal,
    onEvent: (event) => {
      events.push(event);
      controller.abort();
    },
  });
  await expect(running).rejects.toThrow(CancelledError);
  expect(events.map(({ type }) => type)).toEqual(['warning', 'keeping', 'picture']);
  await engine.generate(job('end well'));
  expect(starts).toBe(1);
});

test('after a cancel it is still heard where the next job begins, and nothing else', async () => {
  start();
  const controller = new AbortController();
  const events: JobEvent['type'][] = [];
  const running = engine.generate(job('move'), {
    signal: controller.signal,
    onEvent: ({ type }) => {
      events.push(type);
      controller.abort();
    },
  });
  await expect(running).rejects.toThrow(CancelledError);
  expect(events).toEqual(['warning', 'next']);
});

test('a signal that was already given starts nothing', async () => {
  await expect(start().generate(job('end well'), { signal: AbortSignal.abort() })).rejects.toThrow(
    CancelledError,
  );
  expect(starts).toBe(0);
});

test('a message outside the protocol is a bug, and the process is replaced', async () => {
  await expect(start().generate(job('speak nonsense'))).rejects.toMatchObject({ code: 'BUG' });
  await engine.generate(job('end well'));
  expect(starts).toBe(2);
});

test('a listener that throws fails the job with its own error', async () => {
  const running = start().generate(job('wait'), {
    onEvent: () => {
      throw new TypeError('no room');
    },
  });
  await expect(running).rejects.toThrow('no room');
});

test('an entry that does not exist fails the job as died', async () => {
  engine = createEngine({ startPort: () => createChildProcessPort('/no/such/engine.ts') });
  await expect(engine.generate(job('end well'))).rejects.toMatchObject({ code: 'ENGINE_DIED' });
});

test('a driver that takes the process down (stand-in): the job is begun again on the next device, with a notice', async () => {
  const events: JobEvent[] = [];
  const card = { provider: 'webgpu', index: 0, device: 'Card', precision: 'f16' } as const;
  const candidates = [
    card,
    { ...card, precision: 'f32' },
    { ...card, provider: 'cpu', device: 'CPU' },
  ] as const;
  const figures = await start().generate(
    { ...job('die on a card'), candidates },
    { onEvent: (event) => events.push(event) },
  );
  expect(figures.totalMs).toBe(1);
  expect(starts).toBe(2);
  // The next job is given the card again, by a process that knows nothing of this one.
  expect(events.find((event) => event.type === 'next')?.place).toEqual(card);
  expect(ends).toBe(1);
  const [warning] = events.flatMap((event) => (event.type === 'warning' ? [noticeText(event.notice)] : []));
  expect(warning).toMatch(
    /^The engine ended on Card: .*SIGSEGV.*driver fell The picture is begun again on CPU\.$/s,
  );
});
