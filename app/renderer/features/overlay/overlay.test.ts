import { describe, expect, it } from 'vitest';
import { decodeNpy } from '#contract/archive/npy.ts';
import type { MergeMaps } from '#contract/archive/merge-maps.ts';
import { placeOf, shortName } from './block-names.ts';
import { exportScale, shownJson, shownNpy } from './exporting.ts';
import { frameOf, frequencyOf, groupOf, kindOf, tokenAt, type Frame } from './frame.ts';
import { colourGroups, noColour } from './group-colouring.ts';
import { paint, type OverlayMode } from './paint.ts';
import { groupColours, heat, oklch } from './palette.ts';

/** 3×2 tokens, two steps, two halves; token 4 was pruned at the second step. */
const maps: MergeMaps = {
  steps: [
    { call: 1, timestep: 900, effectiveRatio: 0.5 },
    { call: 2, timestep: 500, effectiveRatio: 0.5 },
  ],
  grids: [{ gridW: 3, gridH: 2, rows: 1, destinations: Int32Array.of(0, 2, 3, 5) }],
  blocks: [
    {
      block: 'down_blocks.0.attentions.1',
      gridW: 3,
      gridH: 2,
      batch: 2,
      map: Int32Array.of(
        ...[0, 1, 2, 3, 4, 5],
        ...[0, 0, 2, 0, 2, 5],
        ...[0, 1, 2, 3, 4, 5],
        ...[3, 1, 2, 3, -1, 5],
      ),
    },
  ],
};

const frame = (step: number, half: number) => {
  const found = frameOf(maps, 0, step, half);
  if (found === undefined) throw new Error('no such frame');
  return found;
};

describe('a frame', () => {
  it('counts what stands behind each token, and what was merged', () => {
    expect([...frame(0, 1).behind]).toEqual([3, 0, 2, 0, 0, 1]);
    expect(frame(0, 1)).toMatchObject({ merged: 3, maxBehind: 3 });
    expect(frame(0, 0).merged).toBe(0);
    expect(frameOf(maps, 0, 2, 0)).toBeUndefined();
    expect(frameOf(maps, 1, 0, 0)).toBeUndefined();
  });

  it('knows its tokens by kind and group', () => {
    expect([0, 1, 2, 3, 4, 5].map((token) => kindOf(frame(0, 1), token))).toEqual([
      'destination',
      'merged',
      'destination',
      'merged',
      'merged',
      'kept',
    ]);
    expect(kindOf(frame(1, 1), 4)).toBe('pruned');
    expect(groupOf(frame(0, 1), 3)).toEqual([0, 1, 3]);
    expect(groupOf(frame(1, 1), 4)).toEqual([4]);
    expect([...frame(1, 0).destination]).toEqual([0, 0, 0, 1, 0, 1]);
  });

  it('is read where the picture is pointed at', () => {
    const grid = { gridW: 3, gridH: 2 };
    expect([tokenAt(grid, 0, 0), tokenAt(grid, 0.99, 0.99), tokenAt(grid, 0.5, 0.6)]).toEqual([0, 5, 4]);
    expect([tokenAt(grid, 1, 0), tokenAt(grid, -0.01, 0)]).toEqual([undefined, undefined]);
  });

  it('is counted over the steps', () => {
    expect([...frequencyOf(maps, 0, 1)]).toEqual([1, 1, 0, 1, 2, 0]);
  });
});

describe('colours', () => {
  it('differ between touching groups and leave lone tokens clear', () => {
    // A random field of groups of two: every pair of neighbours of other groups has another hue.
    const side = 32;
    const map = Int32Array.from({ length: side * side }, (_, i) => i - (i % 2));
    const big: MergeMaps = {
      ...maps,
      blocks: [{ block: 'x', gridW: side, gridH: side, batch: 1, map: Int32Array.of(...map, ...map) }],
    };
    const field = frameOf(big, 0, 0, 0);
    if (field === undefined) throw new Error('no frame');
    const colours = colourGroups(field);
    for (let i = 0; i < map.length; i++) {
      expect(colours[i]).toBe(colours[map[i] ?? 0]);
      for (const other of [(i + 1) % side === 0 ? i : i + 1, i + side]) {
        if (other < map.length && map[other] !== map[i]) expect(colours[other]).not.toBe(colours[i]);
      }
    }
    expect([...colourGroups(frame(0, 0))]).toEqual(Array(6).fill(noColour));
  });

  it('are even in lightness, and agree with sRGB at its ends', () => {
    expect(oklch(1, 0, 0)).toEqual([255, 255, 255]);
    expect(oklch(0, 0, 0)).toEqual([0, 0, 0]);
    expect(oklch(0.62796, 0.25768, 29.2339).map((value) => Math.round(value / 5))).toEqual([51, 0, 0]);
    expect(new Set(groupColours.map((colour) => colour.join())).size).toBe(groupColours.length);
    expect([heat(0), heat(1), heat(7)]).toEqual([
      [0, 32, 76],
      [255, 234, 70],
      [255, 234, 70],
    ]);
  });

  it('are clear where the mode has nothing to say', () => {
    const out = new Uint32Array(6);
    const isClear = (mode: OverlayMode) => {
      paint(out, mode, paintingOf(frame(0, 1)));
      return [...out].map((pixel) => pixel === 0);
    };
    expect(isClear('groups')).toEqual([false, false, false, false, false, true]);
    expect(isClear('heat')).toEqual([false, false, false, false, false, true]);
    expect(isClear('kinds')).toEqual([false, false, false, false, false, true]);
    expect(isClear('frequency')).toEqual([false, false, true, false, false, true]);
    expect(isClear('flow')).toEqual(Array(6).fill(true));
  });
});

const paintingOf = (shown: Frame) => ({
  frame: shown,
  colours: colourGroups(shown),
  frequency: frequencyOf(maps, 0, 1),
  stepCount: 2,
});

describe('what leaves', () => {
  it('is the map, or the counts over the steps, as NumPy reads them', () => {
    const painting = paintingOf(frame(0, 1));
    expect(decodeNpy(shownNpy(painting, 'groups'))).toEqual({
      data: Int32Array.of(0, 0, 2, 0, 2, 5),
      shape: [2, 3],
    });
    expect(decodeNpy(shownNpy(painting, 'frequency')).data).toEqual(Int32Array.of(1, 1, 0, 1, 2, 0));
  });

  it('is the same in JSON, with where it is from', () => {
    const facts = { block: 'b', call: 1, timestep: 900, half: 'prompt' } as const;
    expect(JSON.parse(shownJson(paintingOf(frame(0, 1)), facts))).toEqual({
      ...facts,
      gridW: 3,
      gridH: 2,
      merged: 3,
      map: [0, 0, 2, 0, 2, 5],
      destinations: [0, 2],
      stepCount: 2,
      mergedInSteps: [1, 1, 0, 1, 2, 0],
    });
  });

  it('is a whole multiple of the picture, large enough for rings, and never too large', () => {
    const grid = { gridW: 64, gridH: 64 };
    expect(exportScale({ width: 256, height: 256 }, grid)).toBe(2);
    expect(exportScale({ width: 2048, height: 1024 }, { gridW: 256, gridH: 128 })).toBe(1);
    expect(exportScale({ width: 8192, height: 64 }, grid)).toBe(1);
  });
});

it('names blocks by where they stand', () => {
  expect(placeOf('up_blocks.3.attentions.2')).toEqual({ section: 'up', level: 3, index: 2 });
  expect(
    ['down_blocks.0.attentions.1', 'mid_block.attentions.0', 'up_blocks.3.attentions.2'].map(shortName),
  ).toEqual(['↓1.2', 'mid', '↑4.3']);
});
