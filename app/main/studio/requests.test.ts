import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { ModelError } from '#contract/errors.ts';
import { noMerging } from '#contract/request.ts';
import type { Candidate } from '#contract/runtime.ts';
import { openDatabase } from '#history/db.ts';
import { createStore } from '#history/store.ts';
import { finished } from '#history/testing.ts';
import type { NextPlace } from './next-place.ts';
import { createRequests } from './requests.ts';
import { temporaryFolder } from './testing.ts';

const asked = {
  ...{ prompt: 'a red sun', negativePrompt: '', widthPx: 64, heightPx: 64, steps: 2 },
  ...{ scheduler: 'euler' as const, guidanceScale: 1, seed: 1, count: 1, merging: noMerging },
};

const cpu: Candidate = { provider: 'cpu', index: 0, device: 'Ryzen', precision: 'f32' };

/** A real history's queue, and models that are known when the test says so. */
function requestsWith(
  models: Readonly<Record<string, PromiseWithResolvers<undefined>>>,
  places: Pick<NextPlace, 'find' | 'begun'> = { find: () => Promise.resolve(cpu), begun: () => undefined },
) {
  const store = createStore(openDatabase(join(temporaryFolder(), 'history.sqlite')), Date.now);
  onTestFinished(() => {
    store.close();
  });
  const requests = createRequests(
    store,
    { add: (rows) => store.insertQueued(rows) },
    {
      identity: async (id) => {
        await models[id]?.promise;
        return { id, name: id, hash: null };
      },
      defaults: () => Promise.reject(new Error('No defaults are asked for here.')),
    },
    places,
  );
  return {
    requests,
    store,
    queued: () => store.queued().map(({ model, request }) => `${model.id} ${request.seed}`),
  };
}

test('who asked first is first in the queue, however long its model takes to be known', async () => {
  const slow = Promise.withResolvers<undefined>();
  const { requests, queued } = requestsWith({ slow });
  const both = [
    requests.submit('slow', { ...asked, seed: 1, count: 2 }, false),
    requests.submit('quick', { ...asked, seed: 3 }, false),
  ];
  // Time enough for the second one to come first, if it could.
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(queued()).toEqual([]);
  slow.resolve(undefined);
  await Promise.all(both);
  expect(queued()).toEqual(['slow 1', 'slow 2', 'quick 3']);
});

test('a model that cannot be used fails for who asked, and the next one is not held up', async () => {
  const gone = Promise.withResolvers<undefined>();
  const { requests, queued } = requestsWith({ gone });
  const first = requests.submit('gone', asked, false);
  const second = requests.submit('quick', asked, false);
  gone.reject(new ModelError('MODEL_NOT_FOUND', 'It was deleted.'));
  await expect(first).rejects.toMatchObject({ code: 'MODEL_NOT_FOUND' });
  await second;
  expect(queued()).toEqual(['quick 1']);
});

test('a variant is answered with a picture of the place where it would be made, and else made', async () => {
  const eight: Candidate = { ...cpu, precision: 'int8' };
  let next = cpu;
  const begun = new Map<string, Candidate>();
  const { requests, store } = requestsWith(
    {},
    { find: () => Promise.resolve(next), begun: (id) => begun.get(id) },
  );
  const changes = [{ merging: noMerging, stepsFactor: 1 }];
  const variant = async (id: string) => (await requests.variants(id, changes))[0]?.id;
  const make = (id: string, place: Candidate): void => {
    const made = finished();
    const runtime = { parts: [{ part: 'unet' as const, ...place }], notices: [] };
    store.finish(id, { ...made, figures: { ...made.figures, runtime } });
  };
  const [first] = (await requests.submit('demo', asked, false)).generations;
  if (first === undefined) expect.fail('Nothing was asked for.');
  // It waits, and will be made wherever the next one is.
  next = eight;
  expect(await variant(first.id)).toBe(first.id);
  store.begin(first.id, 1);
  begun.set(first.id, eight);
  expect(await variant(first.id)).toBe(first.id);
  make(first.id, eight);
  expect(await variant(first.id)).toBe(first.id);
  next = cpu;
  const second = await variant(first.id);
  if (second === undefined) expect.fail('Nothing was made.');
  expect(second).not.toBe(first.id);
  expect(await variant(first.id)).toBe(second);
  store.begin(second, 2);
  begun.set(second, cpu);
  next = eight;
  expect(await variant(first.id)).toBe(first.id);
  next = { ...cpu, device: 'EPYC' };
  const third = await variant(first.id);
  expect([first.id, second]).not.toContain(third);
});
