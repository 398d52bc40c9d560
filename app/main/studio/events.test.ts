import { expect, it } from 'vitest';
import type { StudioEvent } from '#contract/studio/events.ts';
import { createEventHub } from './events.ts';

const numbered = (i: number): StudioEvent => ({
  ...{ type: 'warning', id: null, notice: { code: 'queue-held', reason: `number ${i}` } },
});

const progress = (call: number): StudioEvent => ({
  type: 'progress',
  id: '11111111-1111-4111-8111-111111111111',
  phase: 'steps',
  ...{ call, calls: 9, stepMs: null, remainingMs: null, effectiveRatio: null, hasMaps: false },
});
const models: StudioEvent = { type: 'models' };

it('begins with what is so, and misses nothing from then on', async () => {
  const hub = createEventHub(() => [{ type: 'presets' }]);
  const stream = hub.listen();
  expect((await stream.next()).value).toEqual({ type: 'presets' });
  hub.publish(models);
  hub.publish(progress(1));
  expect([(await stream.next()).value, (await stream.next()).value]).toEqual([models, progress(1)]);
});

it('keeps a sleeping window the newest of what is for the moment, and all else in its order', async () => {
  const hub = createEventHub(() => []);
  const stop = new AbortController();
  const stream = hub.listen(stop.signal);
  const first = stream.next();
  hub.publish(models);
  await first;
  for (let call = 0; call < 10_000; call++) hub.publish(progress(call));
  hub.publish({ type: 'history', ids: null });
  expect((await stream.next()).value).toEqual(progress(9999));
  expect((await stream.next()).value).toEqual({ type: 'history', ids: null });
  stop.abort();
  expect((await stream.next()).done).toBe(true);
});

it('does not grow for a window that sleeps for ever: it is told to read its lists again', async () => {
  const hub = createEventHub(() => []);
  const stop = new AbortController();
  const stream = hub.listen(stop.signal);
  const first = stream.next();
  hub.publish(models);
  await first;
  hub.publish(progress(3));
  for (let i = 0; i < 100_000; i++) hub.publish(numbered(i));
  const got: StudioEvent[] = [];
  const last: StudioEvent = numbered(99_999);
  while (JSON.stringify(got.at(-1)) !== JSON.stringify(last)) {
    const { value } = await stream.next();
    if (value === undefined) throw new Error('the stream ended');
    got.push(value);
  }
  expect(got.length).toBeLessThanOrEqual(500);
  expect(got).toContainEqual(progress(3));
  expect(got).toContainEqual({ type: 'history', ids: null });
  stop.abort();
});
