import type { Figure, Results, Study } from './results.ts';
import { formatTable, type Column } from './table.ts';

const MIB = 2 ** 20;

const columns: readonly Column[] = [
  { title: 'side', align: 'left' },
  { title: 'ratio', align: 'right' },
  { title: 'ms, median (min–max)', align: 'right' },
  { title: '× no merging', align: 'right' },
  { title: '× torch', align: 'right' },
  { title: 'peak MiB', align: 'right' },
  { title: 'difference', align: 'right' },
];

/** All results as text: how the figures came about, then a table for each study. */
export function formatResults(results: Results): string {
  const facts = Object.entries({ ...results.machine, ...results.versions }).map(
    ([name, value]) => `${name} ${value}`,
  );
  const head = `Tessera's figures of ${results.date}\n${facts.join(' · ')}\n${legend(results)}`;
  return [head, ...results.studies.map(formatStudy)].join('\n\n');
}

function legend(results: Results): string {
  const sources = new Set(
    results.studies.flatMap((study) => study.figures.flatMap((figure) => figure.peak?.source ?? [])),
  );
  return [
    '× no merging: how many times faster than the same side at ratio 0. × torch: than diffusers + tomesd at the same ratio.',
    "difference: of the two sides' outputs when they merge the same tokens: root mean square, relative.",
    ...[...sources].map((source) => `peak: ${source}, of a process that made one run of this line alone.`),
  ].join('\n');
}

function formatStudy(study: Study): string {
  const rows = study.figures.map((figure) => formatFigure(figure, study));
  const failures = study.figures.flatMap(({ side, ratio, failure }) =>
    failure === undefined ? [] : [`${side} at ratio ${ratio} failed: ${failure}`],
  );
  return [study.title, formatTable(columns, rows), ...study.notes, ...new Set(failures)].join('\n');
}

function formatFigure(figure: Figure, study: Study): string[] {
  const { side, ratio, times, peak, difference } = figure;
  const median = (wanted: Pick<Figure, 'side' | 'ratio'>) =>
    study.figures.find((other) => other.side === wanted.side && other.ratio === wanted.ratio)?.times?.median;
  const faster = (reference: number | undefined) =>
    reference === undefined || times === undefined ? '' : (reference / times.median).toFixed(2);
  return [
    side,
    String(ratio),
    times === undefined ? '' : `${ms(times.median)} (${ms(times.min)}–${ms(times.max)})`,
    faster(median({ side, ratio: 0 })),
    side === 'torch' ? '' : faster(median({ side: 'torch', ratio })),
    peak === undefined ? '' : String(Math.round(peak.bytes / MIB)),
    difference === undefined
      ? ''
      : `${difference.overall.toExponential(1)}${difference.overall <= study.sameWorkLimit ? '' : ' NOT THE SAME'}`,
  ];
}

function ms(value: number): string {
  return value < 100 ? value.toFixed(1) : value.toFixed(0);
}
