import { afterEach, describe, expect, it, vi } from 'vitest';
import { createShortcuts } from '../shell/shortcuts.ts';
import { StudioState } from './studio.svelte.ts';
import { createFakeBridge, fakeGeneration } from './testing.ts';

let studio: StudioState | undefined;
afterEach(() => {
  studio?.dispose();
});

async function start(...answers: Parameters<typeof createFakeBridge>) {
  const fake = createFakeBridge(...answers);
  const state = new StudioState(fake.bridge);
  studio = state;
  void state.start();
  await vi.waitFor(() => {
    expect(state.ready).toBe(true);
  });
  return { ...fake, studio: state };
}

const running = fakeGeneration();
const merging = {
  ...{ ratio: 0, effectiveRatio: 0, effectiveRatioEnd: 0, maxRatio: 0 },
  ...{ blocks: [], notes: [] },
};

describe('StudioState', () => {
  it('puts what is being made into the centre, and what became of it', async () => {
    const { studio, say } = await start();
    say({ type: 'queue', queue: { paused: false, items: [running] } });
    await vi.waitFor(() => {
      expect(studio.selected?.id).toBe(running.id);
    });
    const done = fakeGeneration({ state: 'done' });
    say({ type: 'finished', generation: done });
    await vi.waitFor(() => {
      expect(studio.selected?.state).toBe('done');
    });
  });

  it('leaves the centre alone while the artist looks at another picture', async () => {
    const { studio, say } = await start();
    const other = fakeGeneration({ id: '00000000-0000-4000-8000-000000000002', state: 'done' });
    studio.select(other);
    say({ type: 'queue', queue: { paused: false, items: [running] } });
    await vi.waitFor(() => {
      expect(studio.running?.id).toBe(running.id);
    });
    expect(studio.selected?.id).toBe(other.id);
  });

  it('knows where the next picture of the model in the form is made', async () => {
    const { studio, say } = await start();
    const place = { provider: 'webgpu', index: 0, device: 'Card', precision: 'f16' } as const;
    const cpu = { ...place, provider: 'cpu', precision: 'f32' } as const;
    say({ type: 'next', place, fallback: { modelId: 'demo', place: cpu } });
    await vi.waitFor(() => {
      expect(studio.next).toEqual(place);
    });
    studio.draft.change({ modelId: 'demo' });
    expect(studio.next).toEqual(cpu);
  });

  it('knows how many tokens the engine counted in the prompt', async () => {
    const { studio, say } = await start();
    say({ type: 'queue', queue: { paused: false, items: [running] } });
    say({ type: 'started', id: running.id, calls: 20, tokenCount: 3, merging });
    await vi.waitFor(() => {
      expect(studio.counted).toEqual({ prompt: 'a red sun', tokens: 3 });
    });
  });

  it('says what failed, and shows a picture as stopping only while it is', async () => {
    const { studio } = await start({
      'queue.cancel': () => {
        throw new Error('no such picture');
      },
    });
    await studio.cancel(running.id);
    expect(studio.failure).toMatchObject({ code: 'BUG', message: 'no such picture' });
    expect(studio.stopping.has(running.id)).toBe(false);
  });
});

describe('shortcuts of the window', () => {
  const press = (handler: (event: KeyboardEvent) => void, init: KeyboardEventInit, from?: HTMLElement) => {
    const event = new KeyboardEvent('keydown', { ...init, bubbles: true, cancelable: true });
    const target = from ?? document.body;
    target.addEventListener('keydown', handler, { once: true });
    target.dispatchEvent(event);
    return event.defaultPrevented;
  };

  it('Esc cancels what is running, from a field too; letters only outside of fields', async () => {
    const { studio, asked, say } = await start({ 'queue.cancel': () => ({ paused: false, items: [] }) });
    say({ type: 'queue', queue: { paused: false, items: [running] } });
    await vi.waitFor(() => {
      expect(studio.running).toBeDefined();
    });
    const toggleSheet = vi.fn();
    const handler = createShortcuts(studio, { toggleSheet, toggleInspector: vi.fn(), openFile: vi.fn() });
    const field = document.createElement('textarea');
    document.body.append(field);
    expect(press(handler, { key: '?' }, field)).toBe(false);
    expect(toggleSheet).not.toHaveBeenCalled();
    expect(press(handler, { key: '?' })).toBe(true);
    expect(toggleSheet).toHaveBeenCalledOnce();
    expect(press(handler, { key: 'Escape' }, field)).toBe(true);
    expect(asked.at(-1)).toEqual({ path: 'queue.cancel', input: { id: running.id } });
    expect(studio.stopping.has(running.id)).toBe(true);
    field.remove();
  });

  it('Alt and a digit opens a screen, Ctrl+comma the settings', async () => {
    const { studio } = await start();
    const handler = createShortcuts(studio, {
      toggleSheet: vi.fn(),
      toggleInspector: vi.fn(),
      openFile: vi.fn(),
    });
    press(handler, { key: '¢', code: 'Digit4', altKey: true });
    expect(studio.screen).toBe('history');
    press(handler, { key: ',', ctrlKey: true });
    expect(studio.screen).toBe('settings');
    expect(press(handler, { key: '9', code: 'Digit9', altKey: true })).toBe(false);
  });
});
