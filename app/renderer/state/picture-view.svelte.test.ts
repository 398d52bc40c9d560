import { describe, expect, it } from 'vitest';
import { PictureView, type Seen } from './picture-view.svelte.ts';

function open(first: Seen): { view: PictureView; show: (next: Seen) => void } {
  let seen = $state.raw<Seen>(first);
  const view = new PictureView(() => seen);
  view.stage = { width: 800, height: 600 };
  return { view, show: (next) => (seen = next) };
}

describe('PictureView', () => {
  it('is as large as fits', () => {
    const { view } = open({ id: 'a', width: 256, height: 256 });
    expect(view.scale).toBeCloseTo(600 / 256);
    expect([view.fitted, view.x, view.y]).toEqual([true, 0, 0]);
  });

  it('keeps the point under the pointer where it is', () => {
    const { view } = open({ id: 'a', width: 256, height: 256 });
    const before = (100 - view.x) / view.scale;
    view.zoomBy(2, 100, -40);
    expect((100 - view.x) / view.scale).toBeCloseTo(before);
    expect(view.scale).toBeCloseTo(1200 / 256);
  });

  it('cannot be pushed out of sight, and moves only when zoomed', () => {
    const { view } = open({ id: 'a', width: 256, height: 256 });
    view.moveBy(50, 0);
    expect(view.x).toBe(0);
    view.zoomTo(1);
    view.moveBy(10_000, 0);
    expect(view.x).toBe((256 + 800) / 2 - 64);
  });

  it('begins fitted for another picture, and finds the place of the first again', () => {
    const { view, show } = open({ id: 'a', width: 256, height: 256 });
    view.zoomTo(1);
    show({ id: 'b', width: 512, height: 256 });
    expect(view.fitted).toBe(true);
    show({ id: 'a', width: 256, height: 256 });
    expect(view.scale).toBe(1);
  });

  it('stays within sensible zooms', () => {
    const { view } = open({ id: 'a', width: 256, height: 256 });
    view.zoomBy(1e6);
    expect(view.scale).toBe(32);
    view.zoomBy(1e-9);
    expect(view.scale).toBe(1 / 8);
  });
});
