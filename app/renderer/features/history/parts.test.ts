import { describe, expect, it } from 'vitest';
import { noMerging } from '#contract/request.ts';
import { filterOf, isNarrowed, noChoice } from './filter-choice.ts';
import { gridOf } from './grid.ts';
import { mergeHead } from './merge-head.ts';
import { newTo, putBack, takeOut } from './places.ts';
import { reuseChanges } from './reuse.ts';
import { stepTimes } from './step-times.ts';
import { generationOf } from './testing.ts';

describe('the filters', () => {
  const now = new Date(2026, 10, 24, 12).getTime();

  it('leave nothing out until something is chosen, and the bin is no filter', () => {
    expect(filterOf(noChoice, now)).toEqual({});
    expect(isNarrowed(noChoice)).toBe(false);
    expect(isNarrowed({ ...noChoice, deleted: true })).toBe(false);
    expect(isNarrowed({ ...noChoice, text: 'sun' })).toBe(true);
    expect(filterOf({ ...noChoice, deleted: true }, now)).toEqual({ deleted: true });
  });

  it('say to the studio what was chosen', () => {
    const choice = {
      ...noChoice,
      text: ' red sun ',
      merging: 'half',
      state: 'making',
      tag: 'x',
      favourite: true,
    } as const;
    expect(filterOf(choice, now)).toEqual({
      text: 'red sun',
      minRatio: 0.251,
      maxRatio: 0.5,
      states: ['queued', 'running'],
      tag: 'x',
      favourite: true,
    });
  });

  it('count both days whole, in the time of the place, and leave an empty end open', () => {
    const between = { ...noChoice, date: 'between', from: '2026-11-01', to: '2026-11-02' } as const;
    expect(filterOf(between, now)).toEqual({
      since: new Date(2026, 10, 1).getTime(),
      until: new Date(2026, 10, 3).getTime() - 1,
    });
    expect(filterOf({ ...between, to: '' }, now)).toEqual({ since: new Date(2026, 10, 1).getTime() });
    expect(filterOf({ ...noChoice, date: 'week' }, now)).toEqual({ since: now - 7 * 86_400_000 });
  });
});

describe('a first page that was read again', () => {
  it('brings what came, takes what went, and leaves what lies further down', () => {
    expect(mergeHead(['b', 'c', 'd', 'e'], ['a', 'b', 'd'], false)).toEqual({
      ids: ['a', 'b', 'd', 'e'],
      headEnds: false,
    });
  });

  it('is all there is when nothing follows it, or nothing of it was known', () => {
    expect(mergeHead(['a', 'b'], ['b'], true)).toEqual({ ids: ['b'], headEnds: true });
    expect(mergeHead(['x', 'y'], ['a', 'b'], false)).toEqual({ ids: ['a', 'b'], headEnds: true });
  });

  it('never repeats a row that moved up', () => {
    expect(mergeHead(['a', 'b', 'c', 'd'], ['d', 'a'], false).ids).toEqual(['d', 'a', 'b', 'c']);
  });
});

describe('rows taken out', () => {
  it('go back where they stood', () => {
    const { ids, places } = takeOut(['a', 'b', 'c', 'd'], ['b', 'd']);
    expect(ids).toEqual(['a', 'c']);
    expect(putBack(ids, places)).toEqual(['a', 'b', 'c', 'd']);
    expect(putBack(['a'], places)).toEqual(['a', 'b', 'd']);
    expect(putBack(['a', 'b'], places)).toEqual(['a', 'b', 'd']);
    expect(newTo(['a'], ['a', 'b'])).toEqual(['b']);
  });
});

describe('settings used again', () => {
  const generation = generationOf('a', { seed: 7, merging: { ...noMerging, ratio: 0.5 } });

  it('are those that were chosen, and no other', () => {
    expect(reuseChanges(generation, ['seed'])).toEqual({ seed: 7 });
    expect(reuseChanges(generation, ['merging', 'size'])).toEqual({
      merging: { ...noMerging, ratio: 0.5 },
      presetId: null,
      widthPx: 64,
      heightPx: 64,
    });
    expect(reuseChanges(generation, [])).toEqual({});
  });
});

describe('the chart of the steps', () => {
  it('begins at nought: a step of half the time is half as high', () => {
    expect(stepTimes([400, 200, 200, 100])).toEqual({
      medianMs: 200,
      shortestMs: 100,
      longestMs: 400,
      shares: [1, 0.5, 0.5, 0.25],
    });
    expect(stepTimes([])).toBeUndefined();
  });
});

describe('the grid', () => {
  it('fills the width with square tiles, two at least', () => {
    for (const widthPx of [200, 872, 1512]) {
      const { columns, gapPx, rowPx } = gridOf(widthPx);
      expect(columns * (rowPx - gapPx) + (columns - 1) * gapPx).toBeCloseTo(widthPx);
      expect(columns).toBeGreaterThanOrEqual(2);
    }
  });
});
