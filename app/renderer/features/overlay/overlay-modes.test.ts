import { describe, expect, it } from 'vitest';
import { fieldOf } from '#tests/merge-field.ts';
import { flowOf, numbersPerLine } from './flow.ts';
import { halvesDiffer, mergedCount } from './frame.ts';
import { cellPx, Edges, visiblePart, wholeGeometry } from './geometry.ts';
import { noColour } from './group-colouring.ts';
import { countGroups, countKinds, frequencyStops, heatStops } from './legend.ts';
import { createMarks, wantsMarks } from './marks.ts';
import { heatShare, paint } from './paint.ts';
import { groupColours, groupHues, heat, heatAlpha, kindColours, pixel } from './palette.ts';
import { movedPlace } from './pointing.ts';
import { frameAt, paintingAt } from './testing.ts';
import { levelsOf, sharesByStep } from './unet-map.ts';

const maps = fieldOf({ gridW: 24, gridH: 16, steps: 5, batch: 2, ratio: 0.5, seed: 7 });
const tokens = 24 * 16;
const mapAt = (step: number, half: number) =>
  [...(maps.blocks[0]?.map ?? [])].slice((step * 2 + half) * tokens, (step * 2 + half + 1) * tokens);
const frames = [0, 1, 2, 3, 4].flatMap((step) => [0, 1].map((half) => [step, half] as const));

/** What each mode shows, token by token, the slow way. */
const slow = {
  groups: (step: number, half: number) => {
    const { colours } = paintingAt(maps, step, half);
    const map = mapAt(step, half);
    return map.map((head, token) => {
      const size = map.filter((other) => other === head).length;
      return size < 2 ? 0 : pixel(groupColours[colours[token] ?? 0] ?? [0, 0, 0]);
    });
  },
  heat: (step: number, half: number) => {
    const map = mapAt(step, half);
    const sizes = map.map((head) => map.filter((other) => other === head).length);
    return sizes.map((size) => {
      if (size < 2) return 0;
      // As fine as the scale is: 256 levels.
      const share = Math.round(heatShare(size, Math.max(...sizes)) * 255) / 255;
      return pixel(heat(share), heatAlpha(share));
    });
  },
  kinds: (step: number, half: number) => {
    const { destination } = frameAt(maps, step, half);
    return mapAt(step, half).map((head, token) => {
      if (head !== token) return pixel(kindColours.merged, 0.62);
      return destination[token] === 1 ? pixel(kindColours.destination, 0.8) : 0;
    });
  },
  frequency: (_: number, half: number) =>
    Array.from({ length: tokens }, (__, token) => {
      const times = [0, 1, 2, 3, 4].filter((step) => mapAt(step, half)[token] !== token).length;
      const share = Math.round((times / 5) * 255) / 255;
      return times === 0 ? 0 : pixel(heat(share), heatAlpha(share));
    }),
  flow: () => Array.from({ length: tokens }, () => 0),
};

describe.each(['groups', 'heat', 'kinds', 'frequency', 'flow'] as const)('the mode %s', (mode) => {
  it.each(frames)('paints step %i, half %i as slow loops do', (step, half) => {
    const out = new Uint32Array(tokens);
    paint(out, mode, paintingAt(maps, step, half));
    expect([...out]).toEqual(slow[mode](step, half));
  });
});

describe('the colours of touching groups', () => {
  const apart = (one: number, other: number) =>
    Math.abs((((groupHues[one] ?? 0) - (groupHues[other] ?? 0) + 540) % 360) - 180);

  it.each([
    { gridW: 64, gridH: 64, ratio: 0.5 },
    { gridW: 64, gridH: 64, ratio: 0.75 },
    { gridW: 96, gridH: 64, ratio: 0.25 },
  ])('differ on $gridW×$gridH at $ratio, and nearly all clearly', ({ gridW, gridH, ratio }) => {
    const { frame, colours } = paintingAt(
      fieldOf({ gridW, gridH, ratio, steps: 1, batch: 1, seed: 3 }),
      0,
      0,
    );
    let [touching, same, near] = [0, 0, 0];
    for (let token = 0; token < frame.map.length; token++)
      for (const other of [(token + 1) % gridW === 0 ? token : token + 1, token + gridW]) {
        const [one, two] = [colours[token] ?? noColour, colours[other] ?? noColour];
        if (other >= frame.map.length || frame.map[other] === frame.map[token]) continue;
        if (one === noColour || two === noColour) continue;
        touching++;
        if (one === two) same++;
        if (apart(one, two) < 30) near++;
      }
    expect(touching).toBeGreaterThan(500);
    expect(same).toBe(0);
    expect(near / touching).toBeLessThan(0.03);
  });

  it('are the same for all of a group', () => {
    const { frame, colours } = paintingAt(maps, 0, 1);
    frame.map.forEach((head, token) => {
      expect(colours[token]).toBe(colours[head]);
    });
  });
});

describe('the flow', () => {
  it('has one line for each merged token where there are few', () => {
    const { frame, colours } = paintingAt(maps, 0, 1);
    const flow = flowOf(frame, colours, 1000);
    const merged = mapAt(0, 1).flatMap((head, token) => (head === token ? [] : [[token, head] as const]));
    expect(flow).toMatchObject({
      tile: 1,
      lineCount: merged.length,
      drawn: merged.length,
      merged: merged.length,
    });
    const said = Array.from({ length: flow.lineCount }, (_, i) =>
      [...flow.lines.subarray(i * numbersPerLine, i * numbersPerLine + 5)].join(),
    );
    const at = (token: number) => [(token % 24) + 0.5, Math.floor(token / 24) + 0.5];
    expect(said.sort()).toEqual(merged.map(([from, to]) => [...at(from), ...at(to), 1].join()).sort());
  });

  it('is bundled where there are many, and says how many tokens its lines stand for', () => {
    const { frame, colours } = paintingAt(maps, 0, 1);
    const flow = flowOf(frame, colours, 40);
    expect(flow.tile).toBeGreaterThan(1);
    expect(flow.lineCount).toBeLessThanOrEqual(40);
    const counts = Array.from({ length: flow.lineCount }, (_, i) => flow.lines[i * numbersPerLine + 4] ?? 0);
    expect(counts).toEqual([...counts].sort((a, b) => a - b));
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(flow.drawn);
    expect(flow.drawn).toBeLessThanOrEqual(flow.merged);
    expect(flow.merged).toBe(frame.merged);
  });
});

describe('the numbers of the legends', () => {
  it('count kinds and groups as slow loops do', () => {
    const painting = paintingAt(maps, 2, 0);
    const map = mapAt(2, 0);
    const { destination } = painting.frame;
    const kept = map.filter((head, token) => head === token);
    expect(countKinds(painting)).toEqual({
      kept: kept.filter((token) => destination[token] === 0).length,
      destination: kept.filter((token) => destination[token] === 1).length,
      merged: map.filter((head, token) => head !== token).length,
      pruned: 0,
    });
    expect(countGroups(painting)).toBe(new Set(map.filter((head, token) => head !== token)).size);
  });

  it('stand where their colours are', () => {
    expect(heatStops(1)).toEqual([]);
    expect(heatStops(2)).toEqual([{ at: 1, value: 2 }]);
    expect(heatStops(32)).toEqual([
      { at: 0, value: 2 },
      { at: 0.25, value: 4 },
      { at: 0.5, value: 8 },
      { at: 0.75, value: 16 },
      { at: 1, value: 32 },
    ]);
    expect(heatStops(33).at(-1)).toEqual({ at: 1, value: 33 });
    expect(frequencyStops(20)).toEqual([
      { at: 0.05, value: 1 },
      { at: 0.5, value: 10 },
      { at: 1, value: 20 },
    ]);
    expect(frequencyStops(1)).toEqual([{ at: 1, value: 1 }]);
  });

  it('have room beside one another', () => {
    for (let most = 2; most < 5000; most = Math.ceil(most * 1.3)) {
      const stops = heatStops(most);
      stops.slice(1).forEach((stop, i) => {
        expect(stop.at - (stops[i]?.at ?? 0)).toBeGreaterThan(0.2);
      });
    }
  });
});

describe('the canvas over the picture', () => {
  it('covers what can be seen, on whole pixels of the screen', () => {
    const picture = { left: -100.25, top: 30.5, width: 512, height: 512 };
    const part = visiblePart(picture, { left: 0, top: 0, width: 300, height: 200 }, 2);
    expect(part).toMatchObject({ left: 100.25, top: 0, width: 300, height: 169.5 });
    expect(part?.geometry).toEqual({
      canvasW: 600,
      canvasH: 339,
      left: -200.5,
      top: 0,
      pictureW: 1024,
      pictureH: 1024,
      pixelRatio: 2,
    });
    expect(visiblePart(picture, { left: 500, top: 0, width: 300, height: 200 }, 1)).toBeUndefined();
  });

  it('has the edges of tokens where the scaled mosaic has them', () => {
    const grid = { gridW: 7, gridH: 3 };
    const geometry = { ...wholeGeometry(100, 50), left: -3.3, top: 4.7, pictureW: 91.4, pictureH: 40 };
    const edges = new Edges();
    edges.set(geometry, grid);
    // Nearest neighbour: a pixel shows the token under its middle.
    for (let px = 0; px < 88; px++) {
      const shown = Math.floor(((px + 0.5 + 3.3) * 7) / 91.4);
      const column = [...edges.x].findLastIndex((edge) => edge <= px);
      expect(Math.min(6, column)).toBe(shown);
    }
  });

  it('has marks only where tokens are large enough, and only on the lines and rings', () => {
    const painting = paintingAt(maps, 0, 1);
    const small = wholeGeometry(24 * 5, 16 * 5);
    const large = wholeGeometry(24 * 12, 16 * 12);
    expect(cellPx(large, painting.frame)).toBe(12);
    expect(wantsMarks(small, painting, 'groups')).toBe(false);
    expect(wantsMarks(large, painting, 'groups')).toBe(true);
    expect(wantsMarks(large, painting, 'flow')).toBe(false);
    const out = new Uint32Array(large.canvasW * large.canvasH);
    createMarks()(out, large, painting, 'groups', 1);
    // The middle of a token without a ring is clear; its right edge is a line.
    const alone = painting.frame.behind.findIndex((count, token) => count < 2 && token % 24 < 23);
    const [x, y] = [(alone % 24) * 12, Math.floor(alone / 24) * 12];
    expect(out[(y + 6) * large.canvasW + x + 6]).toBe(0);
    expect(out[(y + 6) * large.canvasW + x + 11]).not.toBe(0);
    // A destination that others went to has a ring around its middle.
    const head = painting.frame.behind.findIndex((count) => count > 1);
    const [hx, hy] = [(head % 24) * 12, Math.floor(head / 24) * 12];
    const row = [...out.subarray((hy + 6) * large.canvasW + hx, (hy + 6) * large.canvasW + hx + 11)];
    expect(row.filter((colour) => colour !== 0).length).toBeGreaterThanOrEqual(2);
  });
});

describe('the map of the U-Net', () => {
  const block = (name: string, side: number) => ({ block: name, gridW: side, gridH: side });
  const some = { ...fieldOf({ gridW: 8, gridH: 8, steps: 2, batch: 1, ratio: 0.5, seed: 1 }) };

  it('shows every block in running order, with those in which nothing merged', () => {
    const levels = levelsOf(some, [
      block('up_blocks.3.attentions.1', 8),
      block('mid_block.attentions.0', 2),
      block('up_blocks.3.attentions.0', 8),
      block('down_blocks.0.attentions.0', 8),
    ]);
    expect(
      levels.map(({ section, gridW, bars }) => [section, gridW, bars.map((bar) => bar.mapIndex)]),
    ).toEqual([
      ['down', 8, [0]],
      ['mid', 2, [undefined]],
      ['up', 8, [undefined, undefined]],
    ]);
    expect(levels.map(({ bars }) => bars[0]?.height)).toEqual([1, 0.25, 1]);
  });

  it('knows the share merged at each step', () => {
    expect(sharesByStep(maps, 0, 1)).toEqual(
      [0, 1, 2, 3, 4].map((step) => mapAt(step, 1).filter((head, token) => head !== token).length / tokens),
    );
    expect(mergedCount(maps, 9, 0, 0)).toBe(0);
  });

  it('knows whether the halves of guidance differ', () => {
    const [first] = maps.blocks;
    if (first === undefined) throw new Error('no block');
    expect(halvesDiffer(first)).toBe(true);
    const shared = new Int32Array([...mapAt(0, 0), ...mapAt(0, 0)]);
    expect(halvesDiffer({ ...first, map: shared })).toBe(false);
    expect(halvesDiffer({ ...first, batch: 1 })).toBe(false);
  });
});

describe('the keyboard cursor', () => {
  const grid = { gridW: 10, gridH: 4 };
  const key = (name: string, shiftKey = false) => ({ key: name, shiftKey });

  it('begins in the middle, goes token by token, and stays inside', () => {
    expect(movedPlace(grid, undefined, key('ArrowLeft'))).toEqual({ x: 0.55, y: 0.625 });
    expect(movedPlace(grid, { x: 0.55, y: 0.625 }, key('ArrowLeft'))).toEqual({ x: 0.45, y: 0.625 });
    expect(movedPlace(grid, { x: 0.55, y: 0.625 }, key('ArrowDown', true))).toEqual({ x: 0.55, y: 0.875 });
    expect(movedPlace(grid, { x: 0.05, y: 0.125 }, key('ArrowUp'))).toEqual({ x: 0.05, y: 0.125 });
    expect(movedPlace(grid, undefined, key('a'))).toBeUndefined();
  });
});
