import type { Figure, Study } from '../results.ts';
import type { Spread } from '../statistics.ts';
import { nameOf } from '../worker.ts';
import { againstPeers, againstUnmerged } from './compare.ts';
import { duration, markdownTable, ratioText, type Column } from './markdown.ts';
import { judge, type Mark, type Unit } from './marks.ts';
import { originOf, type Shown } from './records.ts';
import type { StoredStudy } from './store.ts';

const MIB = 2 ** 20;

const left = (title: string): Column => ({ title, align: 'left' });
const right = (title: string): Column => ({ title, align: 'right' });

export function marksTable(marks: readonly Mark[], newestFirst: readonly StoredStudy[]): string {
  const columns = [left('what'), right('wanted'), right('found'), left(''), left('remarks'), left('from')];
  const rows = marks.map((mark) => {
    const { outcome, found } = judge(mark, newestFirst);
    return [
      mark.name,
      wantedText(mark),
      found === undefined ? '' : valueText(found.value, mark.unit),
      outcome === 'met' ? 'met' : `**${outcome}**`,
      found?.note ?? '',
      [...new Set(found?.from.map(originOf) ?? [])].join('; '),
    ];
  });
  return markdownTable(columns, rows);
}

function wantedText({ limit, unit }: Mark): string {
  if ('atLeast' in limit) return `≥ ${valueText(limit.atLeast, unit)}`;
  return 'atMost' in limit ? `≤ ${valueText(limit.atMost, unit)}` : `> ${valueText(limit.above, unit)}`;
}

function valueText(value: number, unit: Unit): string {
  switch (unit) {
    case '×':
      return `${value.toFixed(2)}×`;
    case 'ms':
      return duration(value);
    case '%':
      return `${value.toFixed(1)} %`;
    case 'GB':
      return `${value.toFixed(2)} GB`;
    case 'of theirs':
      return `${(100 * value).toFixed(0)} % of theirs`;
  }
}

const figureColumns = [
  left('size'),
  left('side'),
  left('way'),
  right('ratio'),
  right('median'),
  right('min–max (runs)'),
  right('20 steps'),
  right('× no merging'),
  right('× peers'),
  right('peak MiB'),
  right('difference'),
];

/** The figures of studies of one kind, size after size. */
export function figuresTable(shown: readonly Shown[]): string {
  const rows = shown.flatMap(({ study }) =>
    study.figures.map((figure, i) => [i === 0 ? sizeText(study) : '', ...figureCells(study, figure)]),
  );
  return markdownTable(figureColumns, rows);
}

export function sizeText({ key: { sizePx } }: Study): string {
  return sizePx === undefined ? '' : `${sizePx} px`;
}

function figureCells(study: Study, figure: Figure): string[] {
  const { ratio, variant = '', times, whole, peak, difference } = figure;
  const factor = (value: number | undefined) => value?.toFixed(2) ?? '';
  return [
    nameOf(figure),
    variant,
    ratioText(ratio),
    times === undefined ? (figure.failure === undefined ? '' : 'failed') : duration(times.median),
    times === undefined ? '' : rangeText(times),
    whole === undefined ? '' : duration(whole.ms),
    ratio === 0 && variant === '' ? '' : factor(againstUnmerged(study, figure)),
    factor(againstPeers(study, figure)),
    peak === undefined ? '' : String(Math.round(peak.bytes / MIB)),
    difference === undefined
      ? ''
      : `${difference.overall.toExponential(0)}${difference.overall <= study.sameWorkLimit ? '' : ' not the same'}`,
  ];
}

function rangeText({ min, max, count }: Spread): string {
  return count === 1 ? 'one run' : `${duration(min)}–${duration(max)} (${count})`;
}
