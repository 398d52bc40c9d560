import type { Figure, Study } from '../results.ts';
import { nameOf, type Side } from '../worker.ts';
import { timeMs } from './compare.ts';
import { ratioText } from './markdown.ts';
import { drawPlot, type Line, type Panel, type Point } from './plot.ts';
import { ink, others } from './svg.ts';

const GIB = 2 ** 30;

/** One panel a size: time against ratio. Undefined where nothing was measured at two ratios. */
export function timePlot(title: string, studies: readonly Study[]): string | undefined {
  return ratioPlot(title, studies, axisDuration, (figure) => {
    const y = timeMs(figure);
    if (y === undefined) return undefined;
    const { times, whole, ratio } = figure;
    return whole === undefined && times !== undefined
      ? { x: ratio, y, low: times.min, high: times.max }
      : { x: ratio, y };
  });
}

export function memoryPlot(title: string, studies: readonly Study[]): string | undefined {
  return ratioPlot(
    title,
    studies,
    (y) => (y === 0 ? '0' : `${trimmed(y)} GiB`),
    ({ ratio, peak }) => (peak === undefined ? undefined : { x: ratio, y: peak.bytes / GIB }),
  );
}

/** On an axis: no more digits than tell ticks apart. */
function axisDuration(ms: number): string {
  if (ms === 0) return '0';
  return ms >= 1000 ? `${trimmed(ms / 1000)} s` : `${trimmed(ms)} ms`;
}

function trimmed(value: number): string {
  return String(Number(value.toPrecision(3)));
}

function ratioPlot(
  title: string,
  studies: readonly Study[],
  yText: (y: number) => string,
  pointOf: (figure: Figure) => Point | undefined,
): string | undefined {
  const panels = studies.flatMap((study): Panel[] => {
    const lines = linesOf(study.figures, pointOf);
    const { sizePx } = study.key;
    return lines.length === 0 ? [] : [{ title: sizePx === undefined ? '' : `${sizePx} px`, lines }];
  });
  return panels.length === 0
    ? undefined
    : drawPlot({ title, panels, xLabel: 'merging ratio', xText: ratioText, yText });
}

/** A way that only differs where something merges starts from the plain figure at ratio 0. */
function linesOf(figures: readonly Figure[], pointOf: (figure: Figure) => Point | undefined): Line[] {
  const names = [...new Set(figures.map(lineName))];
  return names.flatMap((name, i): Line[] => {
    const own = figures.filter((figure) => lineName(figure) === name);
    const start = figures.filter(
      ({ side, provider, ratio, variant }) =>
        side === own[0]?.side &&
        provider === own[0].provider &&
        ratio === 0 &&
        variant === undefined &&
        !own.some((figure) => figure.ratio === 0),
    );
    const points = [...start, ...own].flatMap((figure) => pointOf(figure) ?? []).sort((a, b) => a.x - b.x);
    return points.length < 2 ? [] : [{ label: name, points, ...styleOf(own[0]?.side ?? 'tessera', i) }];
  });
}

function styleOf(side: Side, index: number): { colour: string; isDashed: boolean } {
  if (side === 'torch') return { colour: ink.theirs, isDashed: true };
  return {
    colour: index === 0 ? ink.ours : (others[(index - 1) % others.length] ?? ink.ours),
    isDashed: false,
  };
}

function lineName(figure: Figure): string {
  const { variant } = figure;
  const name =
    figure.side === 'torch' ? nameOf(figure).replace('torch', 'diffusers + tomesd') : nameOf(figure);
  return variant === undefined ? name : figure.side === 'torch' ? `${name}, ${variant}` : variant;
}

/** How much ratio .5 gains over none, size by size. */
export function gainPlot(
  title: string,
  groups: readonly { readonly title: string; readonly studies: readonly Study[] }[],
): string | undefined {
  const panels = groups.flatMap(({ title: name, studies }): Panel[] => {
    const lines = (['tessera', 'torch'] as const).flatMap((side, i): Line[] => {
      const points = studies.flatMap(({ key, figures }) => {
        const [none, half] = [0, 0.5].map((ratio) =>
          figures.find(
            (figure) => figure.side === side && figure.ratio === ratio && figure.variant === undefined,
          ),
        );
        const [from, to] = [none && timeMs(none), half && timeMs(half)];
        return from === undefined || to === undefined || key.sizePx === undefined
          ? []
          : [{ x: key.sizePx, y: from / to }];
      });
      return points.length < 2
        ? []
        : [
            {
              label: side === 'torch' ? 'diffusers + tomesd' : side,
              points: points.sort((a, b) => a.x - b.x),
              ...styleOf(side, i),
            },
          ];
    });
    return lines.length === 0 ? [] : [{ title: name, lines }];
  });
  if (panels.length === 0) return undefined;
  return drawPlot({
    title,
    panels,
    xLabel: 'size, px',
    xText: String,
    yText: (y) => (y === 0 ? '0' : `${trimmed(y)}×`),
  });
}
