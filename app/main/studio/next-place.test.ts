import { describe, expect, it } from 'vitest';
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
  const next = new NextPlace(devices, ({ place, fallback }) =>
    told.push(
      fallback === null
        ? (place?.provider ?? null)
        : `${place?.provider ?? ''} but ${fallback.place.provider}`,
    ),
  );
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
  expect(next.current.place).toBeNull();
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
  expect(next.current.place).toEqual(at('webgpu'));
  answer('webgpu', 'cpu');
  await again;
  expect(told.at(-1)).toBe('cpu');
});

describe('after a device failed in the middle of a picture', () => {
  const both = [at('webgpu'), at('cpu')];
  const onBoth = async () => {
    const made = setup();
    const first = made.next.choose(on('webgpu'));
    made.open.get('webgpu')?.resolve({ candidates: both, notices: [] });
    await first;
    return made;
  };

  it('that the engine tries again, the next place is still that device', async () => {
    const { next, told } = await onBoth();
    next.learn('demo', both, at('webgpu'));
    expect(next.of('demo')).toEqual(at('webgpu'));
    expect(told).toEqual(['webgpu']);
  });

  it('that the engine does not try again, it is the fallback, for the model that is loaded', async () => {
    const { next, told } = await onBoth();
    next.learn('demo', both, at('cpu'));
    expect(next.of('demo')).toEqual(at('cpu'));
    expect(next.of('other')).toEqual(at('webgpu'));
    expect(told).toEqual(['webgpu', 'webgpu but cpu']);
    // The engine loaded another model, and with the first one anew it tries anew.
    next.learn('other', both, at('webgpu'));
    expect(next.of('demo')).toEqual(at('webgpu'));
  });

  it('the device is tried again when the engine’s process has ended', async () => {
    const { next } = await onBoth();
    next.learn('demo', both, at('cpu'));
    next.forget();
    expect(next.of('demo')).toEqual(at('webgpu'));
  });

  it('another choice has its own place, and back at the first one the engine still keeps to the fallback', async () => {
    const { next, open } = await onBoth();
    next.learn('demo', both, at('cpu'));
    await next.choose(on('cpu'));
    expect(next.current).toMatchObject({ place: at('cpu'), fallback: null });
    const back = next.choose(on('webgpu'));
    open.get('webgpu')?.resolve({ candidates: both, notices: [] });
    await back;
    expect(next.of('demo')).toEqual(at('cpu'));
  });
});

it('a failure is the caller’s to hear', async () => {
  const { next, open } = setup();
  const tried = next.choose(on('webgpu'));
  open.get('webgpu')?.reject(new Error('nvidia-smi'));
  await expect(tried).rejects.toThrow('nvidia-smi');
});
