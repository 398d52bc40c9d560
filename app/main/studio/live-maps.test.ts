import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { readTessera } from '#contract/archive/read.ts';
import type { MapsEvent } from '#contract/archive/merge-maps.ts';
import { createLiveMaps } from './live-maps.ts';

const id = '11111111-1111-4111-8111-111111111111';
const event = (call: number): MapsEvent => ({
  type: 'maps',
  id: 1,
  picture: 0,
  call,
  timestep: 500,
  effectiveRatio: 0.25,
  destinations: [{ gridW: 2, gridH: 2, rows: 1, positions: Int32Array.of(0) }],
  blocks: [{ block: 'a.0', gridW: 2, gridH: 2, batch: 1, map: Int32Array.of(0, 0, 2, 3) }],
});

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }));
afterEach(() => void vi.useRealTimers());

it('answers a window that asks just after the picture has ended, and no longer once the time is over', async () => {
  const live = createLiveMaps(1000);
  live.set(id, event(3));
  live.end(id);
  vi.advanceTimersByTime(999);
  const bytes = await live.read(id, 3);
  expect(readTessera(bytes ?? new Uint8Array()).maps?.steps).toEqual([
    { call: 3, timestep: 500, effectiveRatio: 0.25 },
  ]);
  vi.advanceTimersByTime(1);
  expect(await live.read(id, 3)).toBeUndefined();
});

it('keeps the maps of a picture that is made again while those of its first try go', () => {
  const live = createLiveMaps(1000);
  live.set(id, event(3));
  live.end(id);
  live.set(id, event(1));
  expect([live.has(id, 1), live.has(id, 3)]).toEqual([true, false]);
  vi.advanceTimersByTime(2000);
  expect(live.has(id, 1)).toBe(true);
});
