import { describe, expect, test } from 'vitest';
import { TileCanvas, cutTile, ramp, tileSpans } from './tiles.ts';

describe('tileSpans', () => {
  test('one span when all fits', () => {
    expect(tileSpans(64, 64, 16)).toEqual([{ start: 0, length: 64 }]);
  });

  test.each([
    [65, 64, 16],
    [112, 64, 16],
    [113, 64, 16],
    [256, 64, 16],
    [255, 48, 8],
  ])(
    '%i in tiles of at most %i covers everything, keeps one length and the overlap of %i',
    (total, largest, overlap) => {
      const spans = tileSpans(total, largest, overlap);
      const length = spans[0]?.length ?? 0;
      expect(length).toBeLessThanOrEqual(largest);
      expect(spans[0]?.start).toBe(0);
      expect((spans.at(-1)?.start ?? 0) + length).toBe(total);
      spans.forEach((span, i) => {
        expect(span.length).toBe(length);
        const before = spans[i - 1];
        if (before !== undefined) expect(before.start + length - span.start).toBeGreaterThanOrEqual(overlap);
      });
    },
  );

  test('tiles are no longer than their number and the overlap ask for', () => {
    expect(tileSpans(128, 96, 24)).toEqual([
      { start: 0, length: 76 },
      { start: 52, length: 76 },
    ]);
  });
});

test('cutTile takes the rows and columns of every channel', () => {
  const latents = Float32Array.from({ length: 2 * 3 * 4 }, (_, i) => i);
  const tile = cutTile(latents, 2, 3, 4, { start: 1, length: 2 }, { start: 2, length: 2 });
  expect([...tile]).toEqual([6, 7, 10, 11, 18, 19, 22, 23]);
});

test('tiles of one picture blend back to that picture', () => {
  const scale = 2;
  const [h, w] = [19, 23];
  const picture = Float32Array.from({ length: 3 * h * scale * w * scale }, (_, i) => Math.sin(i * 0.37));
  const rows = tileSpans(h, 8, 3);
  const columns = tileSpans(w, 8, 3);
  const canvas = new TileCanvas(w * scale, h * scale);
  const px = (span: { start: number; length: number }) => ({
    start: span.start * scale,
    length: span.length * scale,
  });
  rows.forEach((row, j) => {
    columns.forEach((column, i) => {
      const tile = cutTile(picture, 3, h * scale, w * scale, px(row), px(column));
      canvas.add(
        tile,
        row.start * scale,
        column.start * scale,
        ramp(rows, j, scale),
        ramp(columns, i, scale),
      );
    });
  });
  const out = canvas.finish();
  expect(Math.max(...out.map((value, i) => Math.abs(value - (picture[i] ?? 0))))).toBeLessThan(1e-5);
});

test('ramps of two neighbours add to one where they overlap', () => {
  const spans = tileSpans(12, 8, 4);
  const [first, second] = [ramp(spans, 0, 1), ramp(spans, 1, 1)];
  for (let i = 4; i < 8; i++) expect((first[i] ?? 0) + (second[i - 4] ?? 0)).toBeCloseTo(1, 6);
  expect(first[0]).toBe(1);
  expect(second[7]).toBe(1);
});
