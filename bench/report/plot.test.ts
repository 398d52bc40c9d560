import { expect, test } from 'vitest';
import { drawPlot, niceTicks, type Line } from './plot.ts';

const line = (label: string, ys: readonly number[]): Line => ({
  ...{ label, colour: '#123456', isDashed: false },
  points: ys.map((y, i) => ({ x: i / 2, y })),
});
const draw = (lines: readonly Line[]) =>
  drawPlot({
    title: 'T < U',
    panels: [{ title: '512 px', lines }],
    xLabel: 'ratio',
    xText: String,
    yText: String,
  });
const labelY = (svg: string, label: string) =>
  Number(new RegExp(`y="([\\d.]+)"[^>]*>${label}<`).exec(svg)?.[1]);

test.each([
  [100, [0, 50, 100]],
  [163, [0, 50, 100, 150, 200]],
  [0.9, [0, 0.5, 1]],
  [23_900, [0, 10_000, 20_000, 30_000]],
])('ticks up to %d are round and reach above it', (largest, ticks) => {
  expect(niceTicks(largest)).toEqual(ticks);
});

test('labels of lines that end together do not lie on one another', () => {
  const svg = draw([line('ours', [300, 150]), line('theirs', [310, 151])]);
  expect(labelY(svg, 'ours') - labelY(svg, 'theirs')).toBeCloseTo(13);
});

test('labels of lines that end at zero stay on the drawing', () => {
  const svg = draw(['a', 'b', 'c', 'd'].map((label) => line(label, [300, 0])));
  expect(labelY(svg, 'd')).toBeLessThanOrEqual(178);
});

test('words are escaped, and nothing is painted behind', () => {
  const svg = draw([line('a & b', [1, 2])]);
  expect(svg).toContain('<title>T &lt; U</title>');
  expect(svg).toContain('a &amp; b');
  expect(svg).not.toContain('<rect');
});
