import { expect, it } from 'vitest';
import { noticeText } from '#contract/notices/english.ts';
import { autoRuntime, type Precision } from '#contract/runtime.ts';
import { unetPlace } from '#contract/runtime-report.ts';
import { createStudio } from './studio.ts';
import { clientOf, hear, openStudio, small, temporaryFolder, type Client } from './testing.ts';

async function choose(client: Client, precision: Precision) {
  await client.settings.update({ runtime: { ...autoRuntime, provider: 'cpu', precision } });
}

it('is taken up by the next picture, whose model is loaded anew, and stays over a restart', async () => {
  const dataFolder = temporaryFolder();
  const studio = await createStudio({ dataFolder, host: 'browser' });
  const client = clientOf(studio);
  const { until } = await hear(client);
  const make = async (seed: number) => {
    const { generations } = await client.queue.submit({ modelId: 'demo', request: { ...small, seed } });
    const id = generations[0]?.id;
    const { generation } = await until('finished', (event) => event.generation.id === id);
    return {
      precision: unetPlace(generation.figures?.runtime)?.precision,
      loadMs: generation.figures?.loadMs ?? NaN,
    };
  };
  await choose(client, 'f32');
  const first = await make(1);
  const second = await make(2);
  expect([first.precision, second.precision]).toEqual(['f32', 'f32']);
  await choose(client, 'int8');
  const eight = await make(3);
  expect(eight.precision).toBe('int8');
  // Only a change loads anew; what is loaded serves the next one in no time.
  expect(eight.loadMs).toBeGreaterThan(10 * second.loadMs);
  expect((await make(4)).loadMs).toBeLessThan(eight.loadMs / 10);
  await studio.dispose();
  const again = await openStudio({ dataFolder });
  expect((await again.client.settings.get()).runtime).toMatchObject({ provider: 'cpu', precision: 'int8' });
  const heard = await hear(again.client);
  expect((await heard.until('next', ({ place }) => place !== null)).place).toMatchObject({
    precision: 'int8',
  });
});

it('has figures of its own: what was measured in another one is neither shown nor taken for made', async () => {
  const { client } = await openStudio();
  const { until } = await hear(client);
  const at = { modelId: 'demo', widthPx: 64, heightPx: 64 };
  const measure = async (precision: Precision) => {
    await choose(client, precision);
    const { generations } = await client.presets.measure({ ...at, prompt: 'a red sun', ratios: [0.5] });
    for (const { id, state } of generations)
      if (state !== 'done') await until('finished', (event) => event.generation.id === id);
    return generations.map(({ id }) => id);
  };
  const figures = async () =>
    (await client.presets.list(at)).find(({ id }) => id === 'balanced')?.figures ?? null;
  const exact = await measure('f32');
  expect(await figures()).toMatchObject({ pictures: 1 });
  await choose(client, 'int8');
  expect(await figures()).toBeNull();
  const eight = await measure('int8');
  expect(eight).toHaveLength(2);
  expect(exact.some((id) => eight.includes(id))).toBe(false);
  expect(await measure('f32')).toEqual(exact);
  // Against the unmerged one of its own precision.
  const merged = await client.history.get({ id: eight[1] ?? '' });
  await expect
    .poll(async () => (await client.history.get({ id: merged.id })).quality?.referenceId)
    .toBe(eight[0]);
});

it('is told to every window at once, and a window that joins later begins with it', async () => {
  const { client } = await openStudio();
  const { until } = await hear(client);
  await until('next', ({ place }) => place?.provider === 'cpu' && place.precision === 'f32');
  await choose(client, 'int8');
  await until('next', ({ place }) => place?.precision === 'int8');
  const late = await hear(client);
  expect((await late.until('next')).place).toMatchObject({ provider: 'cpu', precision: 'int8' });
});

it('that the processor has not is told with the picture, which is made in float32', async () => {
  const { client } = await openStudio();
  const { until } = await hear(client);
  await choose(client, 'f16');
  await client.queue.submit({ modelId: 'demo', request: small });
  expect(noticeText((await until('warning')).notice)).toMatch(
    /^float16 was asked for and is not used: CPU has it not/,
  );
  const { generation } = await until('finished');
  expect(unetPlace(generation.figures?.runtime)?.precision).toBe('f32');
});

it('asks for memory with a branch that the model has not are refused with what it has', async () => {
  const { client } = await openStudio();
  const { models } = await client.models.list();
  const branches = models[0]?.stepCacheBranches ?? 0;
  expect(branches).toBeGreaterThan(0);
  const ask = (branch: number) =>
    client.models.memory({
      ...{ modelId: 'demo', widthPx: 64, heightPx: 64, guidanceScale: 3, merging: small.merging },
      ...{ memory: 'auto', stepCache: { interval: 3, branch } },
    });
  await expect(ask(branches - 1)).resolves.toMatchObject({ mode: 'full' });
  await expect(ask(branches)).rejects.toThrow(`allowed: 0 to ${branches - 1}`);
});
