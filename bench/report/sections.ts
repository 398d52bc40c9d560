import type { Figure, Study, StudyKey } from '../results.ts';
import { topics } from '../topics.ts';
import { nameOf } from '../worker.ts';
import { find } from './compare.ts';
import { duration, markdownTable, ratioText } from './markdown.ts';
import { originOf, type Shown } from './records.ts';
import { memoryPlot, timePlot } from './plots.ts';
import { wholeMs } from './rules.ts';
import { figuresTable, sizeText } from './tables.ts';

/** A file of the report beside its text: its name in docs/benchmarks. */
export interface PlotFile {
  readonly name: string;
  readonly svg: string;
}

export interface Section {
  readonly markdown: string;
  readonly plots: readonly PlotFile[];
}

/** Studies that differ in size alone stand together. */
export function groupsOf(shown: readonly Shown[]): Shown[][] {
  const groups = Map.groupBy(shown, ({ study: { key } }) =>
    [topics.indexOf(key.topic), key.model, key.steps].join(' '),
  );
  const order = ([a]: Shown[], [b]: Shown[]) =>
    topicIndex(a) - topicIndex(b) || modelIndex(a) - modelIndex(b);
  return [...groups.values()]
    .sort(order)
    .map((group) => group.toSorted((a, b) => (a.study.key.sizePx ?? 0) - (b.study.key.sizePx ?? 0)));
}

const topicIndex = (shown: Shown | undefined) =>
  shown === undefined ? 0 : topics.indexOf(shown.study.key.topic);
const modelIndex = (shown: Shown | undefined) =>
  ['demo', 'sd15', 'sd21'].indexOf(shown?.study.key.model ?? '');

/** `prefix` keeps several machines' plots apart. */
export function sectionOf(group: readonly Shown[], prefix: string): Section {
  const key = group[0]?.study.key;
  if (key === undefined) return { markdown: '', plots: [] };
  const title = headingOf(key);
  const done = group.filter(({ study }) => study.leftOut === undefined);
  const studies = done.map(({ study }) => study);
  const name = `${prefix}${[key.topic, key.model, key.steps].filter((part) => part !== undefined && !key.topic.endsWith(`-${part}`)).join('-')}`;
  const plots = [
    {
      name: `${name}-time.svg`,
      words: `${title}: time against merging ratio`,
      svg: timePlot(title, studies),
    },
    {
      name: `${name}-memory.svg`,
      words: `${title}: peak memory against merging ratio`,
      svg: memoryPlot(title, studies),
    },
  ].flatMap(({ svg, ...plot }) => (svg === undefined ? [] : [{ ...plot, svg }]));
  const parts = [
    `### ${title}`,
    ...plots.map((plot) => `![${plot.words}](benchmarks/${plot.name})`),
    ...(done.length === 0 ? [] : [figuresTable(done)]),
    remarks(group)
      .map((line) => `- ${line}`)
      .join('\n'),
  ];
  return { markdown: parts.filter((part) => part !== '').join('\n\n'), plots };
}

function remarks(group: readonly Shown[]): string[] {
  const bySize = (words: (shown: Shown) => readonly string[]) => {
    const said = Map.groupBy(
      group.flatMap((shown) => words(shown).map((line) => ({ line, size: sizeText(shown.study) }))),
      ({ line }) => line,
    );
    return [...said].map(([line, places]) => {
      const sizes = [...new Set(places.map(({ size }) => size))];
      return sizes.length === new Set(group.map(({ study }) => sizeText(study))).size
        ? line
        : `${sizes.join(', ')}: ${line}`;
    });
  };
  return [
    ...bySize(({ study }) => study.notes),
    ...bySize(({ study }) => (study.leftOut === undefined ? [] : [`left out: ${study.leftOut}.`])),
    ...bySize(({ study }) =>
      [...new Set(study.figures.flatMap(({ failure }) => failure ?? []))].map((words) => `failed: ${words}`),
    ),
    ...bySize(({ study, record }) => (study.leftOut === undefined ? [`Commit ${originOf(record)}.`] : [])),
  ];
}

function headingOf({ topic, model, steps }: StudyKey): string {
  const of =
    model === undefined
      ? ''
      : { demo: 'the embedded model', sd15: "SD 1.5's size", sd21: "SD 2.1's size" }[model];
  switch (topic) {
    case 'block':
      return 'The attention block alone';
    case 'overhead':
      return "Merging's own cost";
    case 'unet-demo':
    case 'unet-sd15':
    case 'unet-sd21':
      return `U-Net pass: ${of}`;
    case 'ends':
      return `Text and decoding: ${of}`;
    case 'pictures':
      return `Whole pictures: ${of}, ${steps ?? ''} steps`;
    case 'start':
      return `Start of the process: ${of}`;
    case 'memory':
      return `Peak memory of a whole picture: ${of}`;
    case 'latency':
      return 'What the studio lets one wait for';
  }
}

/** Whole pictures of a large model, told from its U-Net's passes and what a picture takes beside them. */
export function computedPictures(shown: readonly Shown[]): string {
  const rows = shown.flatMap(({ study: passes }) =>
    passes.key.topic.startsWith('unet-')
      ? passes.figures.map((pass) => computedRow(shown, passes, pass))
      : [],
  );
  const told = rows.filter((row) => row !== undefined);
  if (told.length === 0) return '';
  const columns = ['model', 'size', 'side', 'way', 'ratio', '20 steps', '× peers'].map((title, i) => ({
    title,
    align: i < 4 ? ('left' as const) : ('right' as const),
  }));
  return [
    '### Whole pictures of 20 steps, computed',
    'Text and decoding and 20 times the median U-Net pass, from the tables above: nobody waited for these.',
    markdownTable(columns, told),
  ].join('\n\n');
}

function computedRow(shown: readonly Shown[], { key, figures }: Study, pass: Figure): string[] | undefined {
  const ends = shown.find(
    ({ study: { key: other } }) =>
      other.topic === 'ends' && other.model === key.model && other.sizePx === key.sizePx,
  );
  const of = (figure: Figure | undefined) =>
    wholeMs(
      figure,
      ends?.study.figures.find(({ side, provider }) => side === figure?.side && provider === figure.provider),
    );
  const ms = of(pass);
  if (ms === undefined) return undefined;
  const theirs = pass.side === 'torch' ? undefined : of(find(figures, { side: 'torch', ratio: pass.ratio }));
  return [
    key.model ?? '',
    `${key.sizePx ?? ''} px`,
    nameOf(pass),
    pass.variant ?? '',
    ratioText(pass.ratio),
    duration(ms),
    theirs === undefined ? '' : (theirs / ms).toFixed(2),
  ];
}
