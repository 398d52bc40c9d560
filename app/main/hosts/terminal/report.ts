import type { JobFigures, MergingReport, PictureFigures } from '#contract/engine-protocol.ts';
import type { GenerationRequest, MergeMode, MergeSide } from '#contract/request.ts';
import { describePlace } from '#contract/runtime.ts';
import type { RuntimeReport } from '#contract/runtime-report.ts';

/** What `generate` tells a person; `--json` gives the same as one object. */
export interface PictureResult {
  readonly path: string;
  readonly picture: number;
  readonly seed: number;
  readonly widthPx: number;
  readonly heightPx: number;
  readonly figures: PictureFigures;
}

export function describeRequest(request: GenerationRequest, modelName: string): string {
  const { widthPx, heightPx, steps, scheduler, guidanceScale, seed, count } = request;
  const pictures = count === 1 ? '' : `, ${count} pictures`;
  return `Model ${modelName}: ${widthPx}×${heightPx} px, ${plural(steps, 'step')} of ${scheduler}, guidance ${guidanceScale}, seed ${seed}${pictures}.\n`;
}

export function describeMergingReport(request: GenerationRequest, report: MergingReport): string {
  const { merging } = request;
  if (report.blocks.length === 0) return 'Merging: none.\n';
  const end = merging.ratioEnd ?? merging.ratio;
  const asked = end === merging.ratio ? String(merging.ratio) : `${merging.ratio} to ${end}`;
  const got =
    report.effectiveRatio === report.effectiveRatioEnd
      ? percent(report.effectiveRatio)
      : `${percent(report.effectiveRatio)} to ${percent(report.effectiveRatioEnd)}`;
  const sum = (pick: (block: MergingReport['blocks'][number]) => number): number =>
    report.blocks.reduce((total, block) => total + pick(block), 0);
  const left = [sum((block) => block.leftAtStart), sum((block) => block.leftAtEnd)];
  const leftText = left[0] === left[1] ? String(left[0]) : `${left[0]} to ${left[1]}`;
  return `Merging: ratio ${asked} asked, ${got} of the tokens ${verbs[merging.mode]}${merging.mode === 'downsample' ? '' : sides[merging.side]} in ${plural(report.blocks.length, 'block')}: ${leftText} of ${sum((block) => block.tokens)} left.\n`;
}

const verbs: Record<MergeMode, string> = {
  merge: 'merged',
  prune: 'pruned',
  downsample: 'left out of keys and values',
};
const sides: Record<MergeSide, string> = {
  all: '',
  sampled: ' (queries; keys and values sampled)',
  queries: ' (queries alone)',
  'keys-values': ' (keys and values alone)',
};

export function describePicture({ figures }: PictureResult): string {
  const steps = figures.stepsMs;
  const stepsMs = steps.reduce((sum, ms) => sum + ms, 0);
  const tiles = figures.decodeTiles > 1 ? ` in ${figures.decodeTiles} strips` : '';
  return `  ${seconds(figures.totalMs)}: ${plural(steps.length, 'step')} ${seconds(stepsMs)} (${each(figures)}), text ${seconds(figures.tokeniseMs + figures.textMs)}, decode ${seconds(figures.decodeMs)}${tiles}\n`;
}

/** With step caching whole and shallow steps apart. */
function each({ stepsMs, wholeSteps }: PictureFigures): string {
  const mean = (times: readonly number[]) => times.reduce((sum, ms) => sum + ms, 0) / times.length;
  if (wholeSteps === undefined) return `${seconds(mean(stepsMs))} each`;
  const whole = stepsMs.filter((_, i) => wholeSteps[i] === true);
  const shallow = stepsMs.filter((_, i) => wholeSteps[i] === false);
  const others = shallow.length === 0 ? '' : `, ${shallow.length} shallow of ${seconds(mean(shallow))}`;
  return `${whole.length} whole of ${seconds(mean(whole))}${others}`;
}

export function describeJob(figures: JobFigures): string {
  const { runtime, loadMs, peakMemory, deviceMemory, memoryMode } = figures;
  const { estimatedBytes, estimatedDeviceBytes } = figures;
  const expected = estimatedBytes === undefined ? '' : `, ${gibibytes(estimatedBytes)} expected`;
  const deviceExpected =
    estimatedDeviceBytes === undefined ? '' : `, at least ${gibibytes(estimatedDeviceBytes)} expected`;
  const mode = memoryMode === 'low' ? ', parts loaded one after another' : '';
  const lines = [
    `loading ${seconds(loadMs)}; peak memory ${gibibytes(peakMemory.bytes)}${expected}${mode} (${peakMemory.source})`,
    ...(deviceMemory === undefined
      ? []
      : [`peak graphics memory ${gibibytes(deviceMemory.bytes)}${deviceExpected} (${deviceMemory.source})`]),
  ];
  return `${runtime === undefined ? '' : describeRuntime(runtime)}${lines.map((line) => `  ${line}\n`).join('')}`;
}

function gibibytes(bytes: number): string {
  return `${(bytes / 1024 ** 3).toFixed(2)} GiB`;
}

/** One line where all parts ran alike, else one for each. */
function describeRuntime({ parts }: RuntimeReport): string {
  const places = parts.map(({ part, ...place }) => [part, describePlace(place)] as const);
  const [first] = places;
  if (first !== undefined && places.every(([, place]) => place === first[1]))
    return `  made on ${first[1]}\n`;
  return places.map(([part, place]) => `  ${part} on ${place}\n`).join('');
}

function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(ms < 100 ? 3 : 2)} s`;
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1).replace(/\.0$/, '')} %`;
}
