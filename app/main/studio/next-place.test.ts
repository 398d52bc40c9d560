import { expect, it } from 'vitest';
import { autoRuntime, type Candidate, type Provider } from '#contract/runtime.ts';
import type { Chosen } from '#engine/devices/choose.ts';
import type { Devices } from '#engine/devices/devices.ts';
import { NextPlace } from './next-place.ts';

const at = (provider: Provider): Candidate => ({ provider, index: 0, device: provider, precision: 'f32' });
const on = (provider: Provider) => ({ ...autoRuntime, provider });

/** Answers when the test says so. */
function setup() {
  const open = new Map<string, PromiseWithResolvers<Chosen>>();
  const nothing = () => Promise.reject(new Error('not asked here'));
  const devices: Devices = {
    ...{ list: nothing, measure: nothing },
    choose: ({ provider }) => {
      const asked = Promise.withResolvers<Chosen>();
      open.set(provider, asked);
      return provider === 'cpu' ? Promise.resolve({ candidates: [at('cpu')], notices: [] }) : asked.promise;
    },
  };
  const told: (string | null)[] = [];
  const next = new NextPlace(devices, (place) => told.push(place?.provider ?? null));
  const answer = (asked: Provider, provider = asked): void =>
    open.get(asked)?.resolve({ candidates: [at(provider)], notices: [] });
  return { next, told, answer, open };
}

it('what is known is told in one step, without a word of waiting', async () => {
  const { next, told } = setup();
  await next.choose(on('cpu'));
  expect(told).toEqual(['cpu']);
  await next.choose(on('cpu'));
  expect(told).toEqual(['cpu']);
});

it('while a device is tried, the place before holds no more', async () => {
  const { next, told, answer } = setup();
  await next.choose(on('cpu'));
  const tried = next.choose(on('webgpu'));
  await expect.poll(() => told).toEqual(['cpu', null]);
  expect(next.current).toBeNull();
  answer('webgpu');
  await tried;
  expect(told).toEqual(['cpu', null, 'webgpu']);
});

it('an answer to a choice that was changed meanwhile is not taken', async () => {
  const { next, told, answer } = setup();
  const tried = next.choose(on('webgpu'));
  await next.choose(on('cpu'));
  answer('webgpu');
  await tried;
  expect(told).toEqual(['cpu']);
});

it('asked again, what was known stays until there is an answer', async () => {
  const { next, told, answer } = setup();
  const first = next.choose(on('webgpu'));
  answer('webgpu');
  await first;
  const again = next.refresh();
  expect(next.current).toEqual(at('webgpu'));
  answer('webgpu', 'cpu');
  await again;
  expect(told.at(-1)).toBe('cpu');
});

it('a device that was given up on the way is not the next one either, until another choice is made', async () => {
  const { next, answer } = setup();
  const first = next.choose(on('webgpu'));
  answer('webgpu');
  await first;
  next.ran(at('webgpu'), at('cpu'));
  expect(next.current).toEqual(at('cpu'));
  const again = next.refresh();
  answer('webgpu');
  await again;
  expect(next.current).toEqual(at('cpu'));
  const anew = next.choose(on('webgpu'));
  answer('webgpu');
  await anew;
  expect(next.current).toEqual(at('webgpu'));
  // What was begun before the choice says nothing of it.
  next.ran(at('dml'), at('cpu'));
  expect(next.current).toEqual(at('webgpu'));
});

it('a failure is the caller’s to hear', async () => {
  const { next, open } = setup();
  const tried = next.choose(on('webgpu'));
  open.get('webgpu')?.reject(new Error('nvidia-smi'));
  await expect(tried).rejects.toThrow('nvidia-smi');
});
