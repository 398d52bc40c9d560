import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { temporaryFolder } from '#studio/testing.ts';
import { placeWindow, readWindowState, smallestWindow, writeWindowState } from './window-state.ts';

const screen = { x: 0, y: 0, width: 1920, height: 1040 };
const second = { x: 1920, y: -200, width: 2560, height: 1400 };
const state = (x: number, y: number, width = 1200, height = 800, isMaximized = false) => ({
  bounds: { x, y, width, height },
  isMaximized,
});

describe('placeWindow', () => {
  test('puts it back where it was, on any screen', () => {
    expect(placeWindow(state(100, 80), [screen])).toEqual({
      size: { width: 1200, height: 800 },
      position: { x: 100, y: 80 },
      isMaximized: false,
    });
    expect(placeWindow(state(2100, -100), [screen, second]).position).toEqual({ x: 2100, y: -100 });
  });

  test.each([
    ['on a screen that is gone', state(2100, 100)],
    ['right of every screen', state(1900, 100)],
    ['left of every screen', state(-1190, 100)],
    ['above the screen', state(100, -30)],
    ['below the screen', state(100, 1030)],
  ])('lets the system place it when it was %s', (_where, stored) => {
    expect(placeWindow(stored, [screen])).toEqual({ size: { width: 1200, height: 800 }, isMaximized: false });
  });

  test('keeps a window half off the screen, as long as its title bar can be taken', () => {
    expect(placeWindow(state(1700, 900), [screen]).position).toEqual({ x: 1700, y: 900 });
    expect(placeWindow(state(-900, 0), [screen]).position).toEqual({ x: -900, y: 0 });
  });

  test('is never larger than the screen nor smaller than it can be used', () => {
    expect(placeWindow(state(0, 0, 9000, 9000), [screen]).size).toEqual({ width: 1920, height: 1040 });
    expect(placeWindow(state(0, 0, 5, 5), [screen]).size).toEqual(smallestWindow);
    expect(placeWindow(undefined, [{ ...screen, width: 1280, height: 760 }]).size).toEqual({
      width: 1280,
      height: 760,
    });
  });

  test('remembers that it filled the screen, even when that is gone', () => {
    expect(placeWindow(state(2100, 100, 1200, 800, true), [screen])).toMatchObject({ isMaximized: true });
  });

  test('works where no screen is known', () => {
    expect(placeWindow(state(10, 10), [])).toEqual({
      size: { width: 1200, height: 800 },
      isMaximized: false,
    });
  });
});

describe('the file', () => {
  test('is read as it was written, and leaves nothing beside it', async () => {
    const folder = temporaryFolder();
    const file = join(folder, 'window.json');
    await writeWindowState(file, state(1, 2, 1000, 700, true));
    expect(readWindowState(file)).toEqual(state(1, 2, 1000, 700, true));
    expect(readdirSync(folder)).toEqual(['window.json']);
  });

  test.each([
    '',
    '{',
    '[]',
    'null',
    '{"bounds":{"x":1}}',
    '{"bounds":{"x":1e99,"y":0,"width":1,"height":1},"isMaximized":true}',
  ])('that holds %j is as good as none', (text) => {
    const file = join(temporaryFolder(), 'window.json');
    writeFileSync(file, text);
    expect(readWindowState(file)).toBeUndefined();
  });

  test('that is missing is none', () => {
    expect(readWindowState(join(temporaryFolder(), 'window.json'))).toBeUndefined();
  });
});
