import type { Figure, Results, Study } from '../results.ts';
import { nameOf } from '../worker.ts';
import { againstPeers, againstUnmerged } from './compare.ts';
import { formatTable, type Column } from '../table.ts';

const MIB = 2 ** 20;

const columns: readonly Column[] = [
  { title: 'side', align: 'left' },
  { title: 'variant', align: 'left' },
  { title: 'ratio', align: 'right' },
  { title: 'ms, median (min–max)', align: 'right' },
  { title: 'whole', align: 'right' },
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
    'whole: ms of a whole picture, told from one of fewer steps.',
    '× no merging: how many times faster than the same side at ratio 0. × torch: than diffusers + tomesd at the same ratio.',
    "difference: of the two sides' outputs when they merge the same tokens: root mean square, relative.",
    ...[...sources].map((source) => `peak: ${source}, of a process that made one run of this line alone.`),
  ].join('\n');
}

function formatStudy(study: Study): string {
  if (study.leftOut !== undefined) return `${study.title}\nLeft out: ${study.leftOut}.`;
  const rows = study.figures.map((figure) => formatFigure(figure, study));
  const failures = study.figures.flatMap((figure) =>
    figure.failure === undefined
      ? []
      : [`${nameOf(figure)} at ratio ${figure.ratio} failed: ${figure.failure}`],
  );
  const filled = columns.map((_, i) => i === 0 || rows.some((row) => row[i] !== ''));
  const table = formatTable(
    columns.filter((_, i) => filled[i]),
    rows.map((row) => row.filter((_, i) => filled[i])),
  );
  return [study.title, table, ...study.notes, ...new Set(failures)].join('\n');
}

function formatFigure(figure: Figure, study: Study): string[] {
  const { ratio, variant = '', times, whole, peak, difference } = figure;
  const factor = (value: number | undefined) => value?.toFixed(2) ?? '';
  return [
    nameOf(figure),
    variant,
    String(ratio),
    times === undefined ? '' : `${ms(times.median)} (${ms(times.min)}–${ms(times.max)})`,
    whole === undefined ? '' : ms(whole.ms),
    factor(againstUnmerged(study, figure)),
    factor(againstPeers(study, figure)),
    peak === undefined ? '' : String(Math.round(peak.bytes / MIB)),
    difference === undefined
      ? ''
      : `${difference.overall.toExponential(1)}${difference.overall <= study.sameWorkLimit ? '' : ' NOT THE SAME'}`,
  ];
}

function ms(value: number): string {
  return value < 100 ? value.toFixed(1) : value.toFixed(0);
}
