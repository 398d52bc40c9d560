import type UPlot from 'uplot';
import { css, oklch } from '../overlay/palette.ts';
import type { Line, Metric } from './lab-data.ts';

/** How plots look: the window's own colours and letters, and no more ink than the numbers need. */

export interface PlotColours {
  readonly text: string;
  readonly quiet: string;
  readonly grid: string;
  readonly font: string;
  readonly lines: readonly string[];
}

/** Neither green nor red, which mean better and worse; every second line is dashed, for eyes that see no hues. */
const hues = [245, 75, 310, 200, 345, 105];
const dashes = [[], [6, 4], [2, 3], [10, 4, 2, 4]];
const pointPx = 7;

export function lineColour(place: number, theme: 'dark' | 'light'): string {
  return css(oklch(theme === 'dark' ? 0.78 : 0.5, 0.12, hues[place % hues.length] ?? 0));
}

export function lineDash(place: number): number[] {
  return dashes[place % dashes.length] ?? [];
}

export function plotColours(element: HTMLElement, theme: 'dark' | 'light'): PlotColours {
  const style = getComputedStyle(element);
  const read = (name: string): string => style.getPropertyValue(name).trim();
  return {
    text: read('--text'),
    quiet: read('--quiet'),
    grid: read('--line'),
    font: `11px ${style.fontFamily}`,
    lines: hues.map((_, place) => lineColour(place, theme)),
  };
}

function colourAt({ lines }: PlotColours, place: number): string {
  return lines[place % lines.length] ?? '';
}

export function lineStyle(colours: PlotColours, place: number): UPlot.Series {
  const stroke = colourAt(colours, place);
  return {
    stroke,
    width: 1.75,
    dash: lineDash(place),
    spanGaps: true,
    points: { show: true, size: pointPx, fill: stroke, stroke, width: 0 },
  };
}

export function axisOf(
  { quiet, grid, font }: PlotColours,
  label: string,
  words: (value: number) => string,
  isVertical: boolean,
): UPlot.Axis {
  return {
    label,
    labelFont: font,
    labelSize: 16,
    font,
    stroke: quiet,
    size: isVertical ? 40 : 26,
    gap: 4,
    space: isVertical ? 36 : 52,
    grid: { show: isVertical, stroke: grid, width: 1 },
    ticks: { show: false },
    border: { show: !isVertical, stroke: grid, width: 1 },
    values: (_plot, values) => values.map((value) => (value < 0 ? '' : words(value))),
  };
}

/** The middle half of the values as a fine upright line, the point that is pointed at with a ring, and 1× as a rule. */
export function spreadPlugin(
  colours: PlotColours,
  lines: readonly Line[],
  colourOf: (key: string) => number,
  metric: Metric,
  pointed: () => string | null,
): UPlot.Plugin {
  const draw = (plot: UPlot): void => {
    const { ctx } = plot;
    const ratio = window.devicePixelRatio;
    const x = (value: number): number => plot.valToPos(value, 'x', true);
    const y = (value: number): number => plot.valToPos(value, 'y', true);
    ctx.save();
    if (metric === 'speedup') {
      ctx.strokeStyle = colours.quiet;
      ctx.lineWidth = ratio;
      ctx.beginPath();
      ctx.moveTo(plot.bbox.left, y(1));
      ctx.lineTo(plot.bbox.left + plot.bbox.width, y(1));
      ctx.stroke();
    }
    for (const { key, points } of lines) {
      ctx.strokeStyle = colourAt(colours, colourOf(key));
      for (const point of points) {
        const at = x(point.statistic.ratio);
        if (point.spread !== null) {
          ctx.lineWidth = 1.25 * ratio;
          ctx.beginPath();
          ctx.moveTo(at, y(point.spread.low));
          ctx.lineTo(at, y(point.spread.high));
          ctx.stroke();
        }
        if (point.key !== pointed()) continue;
        ctx.lineWidth = 2 * ratio;
        ctx.beginPath();
        ctx.arc(at, y(point.value), pointPx * ratio, 0, 2 * Math.PI);
        ctx.stroke();
      }
    }
    ctx.restore();
  };
  return { hooks: { draw: [draw] } };
}
