import { dot, drawing, ink, path, rule, text } from './svg.ts';

/** Lines in panels beside one another, each with its own scale from zero, each line labelled at its end. */

export interface Point {
  readonly x: number;
  readonly y: number;
  readonly low?: number;
  readonly high?: number;
}

export interface Line {
  readonly label: string;
  readonly colour: string;
  readonly isDashed: boolean;
  readonly points: readonly Point[];
}

export interface Panel {
  readonly title: string;
  readonly lines: readonly Line[];
}

export interface Plot {
  readonly title: string;
  readonly panels: readonly Panel[];
  readonly xLabel: string;
  readonly xText: (x: number) => string;
  readonly yText: (y: number) => string;
}

const columns = 2;
const panel = { width: 380, height: 210 };
const margin = { top: 34, right: 128, bottom: 36, left: 52 };
const tickCount = 4;
const labelGap = 13;

export function drawPlot(plot: Plot): string {
  const rows = Math.ceil(plot.panels.length / columns);
  const width = panel.width * Math.min(columns, plot.panels.length);
  const parts = plot.panels.flatMap((one, i) => {
    const left = panel.width * (i % columns);
    const top = panel.height * Math.floor(i / columns);
    return [`<g transform="translate(${left} ${top})">`, ...drawPanel(one, plot), '</g>'];
  });
  return drawing(width, panel.height * rows, plot.title, parts);
}

function drawPanel({ title, lines }: Panel, plot: Plot): string[] {
  const points = lines.flatMap((line) => line.points);
  const xs = [...new Set(points.map(({ x }) => x))].sort((a, b) => a - b);
  const ticks = niceTicks(Math.max(...points.map(({ y, high }) => high ?? y)));
  const [first = 0, last = first] = [xs[0], xs.at(-1)];
  const right = panel.width - margin.right;
  const bottom = panel.height - margin.bottom;
  const x = (value: number) => margin.left + ((value - first) / (last - first || 1)) * (right - margin.left);
  const y = (value: number) => bottom - (value / (ticks.at(-1) ?? 1)) * (bottom - margin.top);
  return [
    text(margin.left, 18, title, { size: 12, weight: 600 }),
    ...ticks.flatMap((tick) => [
      rule(margin.left, y(tick), right, y(tick), ink.grid, tick === 0 ? 0.6 : 0.22),
      text(margin.left - 6, y(tick) + 4, plot.yText(tick), { anchor: 'end' }),
    ]),
    ...xs.map((value) => text(x(value), bottom + 15, plot.xText(value), { anchor: 'middle' })),
    text((margin.left + right) / 2, bottom + 30, plot.xLabel, { anchor: 'middle' }),
    ...lines.flatMap((line) => drawLine(line, x, y)),
    ...drawLabels(lines, x, y),
  ];
}

type Scale = (value: number) => number;

function drawLine({ points, colour, isDashed }: Line, x: Scale, y: Scale): string[] {
  const places = points.map((point) => ({ ...point, px: x(point.x), py: y(point.y) }));
  return [
    ...places.flatMap(({ px, low, high }) =>
      low === undefined || high === undefined ? [] : [rule(px, y(low), px, y(high), colour, 0.7)],
    ),
    path(
      places.map(({ px, py }) => ({ x: px, y: py })),
      colour,
      isDashed,
    ),
    ...places.map(({ px, py }) => dot(px, py, colour)),
  ];
}

/** At the lines' right ends, moved apart where they would lie on one another. */
function drawLabels(lines: readonly Line[], x: Scale, y: Scale): string[] {
  const ends = lines
    .flatMap(({ points, label, colour }) => {
      const end = points.at(-1);
      return end === undefined ? [] : [{ label, colour, px: x(end.x), py: y(end.y) + 4 }];
    })
    .sort((a, b) => a.py - b.py);
  let above = -Infinity;
  const placed = ends.map((end) => {
    above = Math.max(end.py, above + labelGap);
    return { ...end, py: above };
  });
  // Pushed down past the axis, they all move up again.
  const over = Math.max(0, above - (panel.height - margin.bottom + 4));
  return placed.map(({ label, colour, px, py }) => text(px + 8, py - over, label, { colour }));
}

/** From zero to the first step of 1, 2 or 5 above the largest value. */
export function niceTicks(largest: number): number[] {
  const rough = largest / tickCount;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((size) => size >= rough) ?? rough;
  return Array.from({ length: Math.ceil(largest / step) + 1 }, (_, i) => i * step);
}
