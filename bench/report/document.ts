import { machineName } from '../machine.ts';
import { marks } from './marks.ts';
import { originOf, shownRecords, type Shown } from './records.ts';
import { gainPlot } from './plots.ts';
import { computedPictures, groupsOf, sectionOf, type PlotFile } from './sections.ts';
import type { StoredStudy } from './store.ts';
import { marksTable } from './tables.ts';

export interface Tried {
  readonly title: string;
  /** Relative to docs. */
  readonly path: string;
}

export interface Document {
  readonly markdown: string;
  readonly plots: readonly PlotFile[];
}

const placeholder = (name: string) => `<!-- tessera: ${name} -->`;

/** The template with the kept figures in their places: marks, figures, tried. */
export function writeDocument(
  template: string,
  records: readonly StoredStudy[],
  tried: readonly Tried[],
): Document {
  const newestFirst = records.toSorted((a, b) => b.at.localeCompare(a.at));
  const { markdown, plots } = figures(shownRecords(records));
  const fillings = {
    marks: records.length === 0 ? 'Nothing is measured yet.' : marksTable(marks, newestFirst),
    figures: markdown,
    tried:
      tried.map(({ title, path }) => `- [${title}](${path})`).join('\n') || 'Nothing is written down yet.',
  };
  let filled = template;
  for (const [name, words] of Object.entries(fillings)) {
    if (!filled.includes(placeholder(name)))
      throw new RangeError(`The template of the report lacks ${placeholder(name)}.`);
    filled = filled.replace(placeholder(name), () => words);
  }
  return { markdown: filled, plots };
}

function figures(shown: readonly Shown[]): Document {
  const machines = [...Map.groupBy(shown, ({ record }) => machineName(record.machine)).values()];
  const parts = machines.map((ofMachine, i) => machineFigures(ofMachine, i === 0 ? '' : `${i + 1}-`));
  return {
    markdown: parts.map((part) => part.markdown).join('\n\n'),
    plots: parts.flatMap((part) => part.plots),
  };
}

function machineFigures(shown: readonly Shown[], prefix: string): Document {
  const groups = groupsOf(shown);
  const sections = groups.map((group) => sectionOf(group, prefix));
  const gain = gainPlot(
    'What ratio .5 gains over no merging, by size',
    groups
      .filter(
        ([first]) =>
          first?.study.key.topic.startsWith('unet-') === true || first?.study.key.topic === 'block',
      )
      .map((group) => ({ title: gainTitle(group), studies: group.map(({ study }) => study) })),
  );
  const gainFile = gain === undefined ? [] : [{ name: `${prefix}gain.svg`, svg: gain }];
  const markdown = [
    machineText(shown),
    ...gainFile.map(({ name }) => `![What ratio .5 gains over no merging, by size](benchmarks/${name})`),
    ...sections.map((section) => section.markdown),
    computedPictures(shown),
  ]
    .filter((part) => part !== '')
    .join('\n\n');
  return { markdown, plots: [...gainFile, ...sections.flatMap((section) => section.plots)] };
}

function gainTitle([first]: readonly Shown[]): string {
  const { topic } = first?.study.key ?? { topic: 'block' };
  const names: Partial<Record<string, string>> = {
    block: 'attention block',
    'unet-demo': 'U-Net, embedded model',
    'unet-sd15': "U-Net, SD 1.5's size",
    'unet-sd21': "U-Net, SD 2.1's size",
  };
  return names[topic] ?? topic;
}

function machineText(shown: readonly Shown[]): string {
  const records = shown.map(({ record }) => record).toSorted((a, b) => a.at.localeCompare(b.at));
  const [oldest, newest] = [records[0], records.at(-1)];
  if (oldest === undefined || newest === undefined) return 'Nothing is measured yet.';
  const facts = Object.entries(newest.machine).map(([name, value]) => `${name} ${value}`);
  const versions = Object.entries(
    Object.assign({}, ...records.map((record) => record.versions)) as Record<string, string>,
  );
  const span = oldest === newest ? originOf(newest) : `${originOf(oldest)} to ${originOf(newest)}`;
  return [
    `**${facts.join(' · ')}.** ${versions.map(([name, version]) => `${name} ${version}`).join(', ')}. Commit ${span}.`,
    ...sources(records),
  ].join('\n\n');
}

function sources(records: readonly StoredStudy[]): string[] {
  const found = new Set(
    records.flatMap(({ study }) => study.figures.flatMap(({ peak }) => peak?.source ?? [])),
  );
  return found.size === 0 ? [] : [`Memory: ${[...found].join('; ')}; a fresh process for each line.`];
}
