import {
  cachedGain,
  cachedVersusPeers,
  fact,
  gain,
  leastFact,
  peakAboveWeights,
  pictureVersusPeers,
  time,
  versusPeers,
  type Found,
  type Rule,
} from './rules.ts';
import type { StoredStudy } from './store.ts';

export type Unit = '×' | 'ms' | '%' | 'GB' | 'of theirs';

export interface Mark {
  readonly name: string;
  readonly limit: { readonly atLeast: number } | { readonly atMost: number } | { readonly above: number };
  readonly unit: Unit;
  readonly rule: Rule;
}

const GB = 1e9;
const overGb = (rule: Rule): Rule => scaled(rule, 1 / GB);

function scaled(rule: Rule, factor: number): Rule {
  return (records) => {
    const found = rule(records);
    return found && { ...found, value: found.value * factor };
  };
}

const sd15 = (sizePx: number) => ({ topic: 'unet-sd15', sizePx }) as const;
const demo = { topic: 'unet-demo', sizePx: 512 } as const;
const demoPicture = { topic: 'pictures', model: 'demo', sizePx: 512 } as const;

/** What the project set itself to reach, and how each is found in the kept studies. Processor figures are for two cores. */
export const marks: readonly Mark[] = [
  ...(
    [
      [512, 1.1],
      [768, 1.5],
      [1024, 1.9],
    ] as const
  ).map(([sizePx, atLeast]) => ({
    name: `U-Net pass of SD 1.5's size, ${sizePx} px: ratio .5 over 0, processor`,
    ...{ limit: { atLeast }, unit: '×' as const, rule: gain(sd15(sizePx), 0.5) },
  })),
  ...(
    [
      [512, 1.1],
      [1024, 1.3],
      [2048, 1.5],
    ] as const
  ).map(([sizePx, atLeast]) => ({
    name: `The same at ${sizePx} px on a graphics card`,
    ...{ limit: { atLeast }, unit: '×' as const, rule: gain(sd15(sizePx), 0.5, 'gpu') },
  })),
  ...(
    [
      [512, 1.15],
      [768, 1.3],
      [1024, 1.5],
    ] as const
  ).map(([sizePx, atLeast]) => ({
    name: `Picture of 20 steps, SD 1.5's size, ${sizePx} px, ratio .5: against diffusers + tomesd`,
    ...{ limit: { atLeast }, unit: '×' as const, rule: pictureVersusPeers(sizePx, 0.5) },
  })),
  {
    name: 'The same at 512 px with a step cache in both',
    ...{
      limit: { above: 1 },
      unit: '×',
      rule: cachedVersusPeers({ topic: 'pictures', model: 'sd15', sizePx: 512 }, 0.5),
    },
  },
  {
    name: 'Embedded model, picture of 20 steps, ratio .5, step cache in both: against diffusers + tomesd',
    ...{ limit: { above: 1 }, unit: '×', rule: cachedVersusPeers(demoPicture, 0.5) },
  },
  {
    name: "Step cache on top of ratio .5, picture of 20 steps, SD 1.5's size, 512 px: over the plain run",
    ...{
      limit: { atLeast: 3 },
      unit: '×',
      rule: cachedGain({ topic: 'pictures', model: 'sd15', sizePx: 512 }, 0.5),
    },
  },
  {
    name: 'The same for the embedded model',
    ...{ limit: { atLeast: 3 }, unit: '×', rule: cachedGain(demoPicture, 0.5) },
  },
  {
    name: "Merging's own cost at 64×64 tokens, of the unmerged attention's time",
    ...{
      limit: { atMost: 10 },
      unit: '%',
      rule: scaled(
        leastFact(
          { topic: 'overhead', sizePx: 512 },
          { overheadShare: undefined, windowedOverheadShare: 'matching within windows of 16' },
        ),
        100,
      ),
    },
  },
  {
    name: "Peak memory above the weights, SD 1.5's size, 1024 px, ratio .5",
    ...{
      limit: { atMost: 0.5 },
      unit: 'of theirs',
      rule: peakAboveWeights({ topic: 'memory', model: 'sd15', sizePx: 1024 }, 0.5, true),
    },
  },
  {
    name: 'First step after the button is pressed, model loaded',
    ...{ limit: { atMost: 1500 }, unit: 'ms', rule: fact({ topic: 'latency' }, 'firstStepMs') },
  },
  {
    name: "Second picture starts after the first one's end",
    ...{ limit: { atMost: 50 }, unit: 'ms', rule: fact({ topic: 'latency' }, 'betweenPicturesMs') },
  },
  {
    name: 'Attention block, 64×64 tokens, ratio .5: against diffusers + tomesd',
    ...{ limit: { atLeast: 2 }, unit: '×', rule: versusPeers({ topic: 'block', sizePx: 512 }, 0.5) },
  },
  {
    name: "U-Net pass of SD 1.5's size, 512 px, ratio .5: against diffusers + tomesd",
    ...{ limit: { atLeast: 1 }, unit: '×', rule: versusPeers(sd15(512), 0.5) },
  },
  {
    name: 'The same at 768 px',
    ...{ limit: { atLeast: 1.2 }, unit: '×', rule: versusPeers(sd15(768), 0.5) },
  },
  {
    name: 'U-Net pass of the embedded model, 64×64 latents, ratio .5: against diffusers + tomesd',
    ...{ limit: { atLeast: 1.5 }, unit: '×', rule: versusPeers(demo, 0.5) },
  },
  { name: 'The same: ratio .5 over 0', ...{ limit: { atLeast: 1.4 }, unit: '×', rule: gain(demo, 0.5) } },
  { name: 'The same: ratio .75 over 0', ...{ limit: { atLeast: 1.7 }, unit: '×', rule: gain(demo, 0.75) } },
  {
    name: 'Embedded model, picture of 20 steps, unmerged',
    ...{ limit: { atMost: 8000 }, unit: 'ms', rule: time(demoPicture, 0) },
  },
  {
    name: 'Embedded model: start of the process to the end of the first step',
    ...{ limit: { atMost: 2000 }, unit: 'ms', rule: time({ topic: 'start', model: 'demo' }, 0) },
  },
  {
    name: "SD 1.5's size in one file: first step begins",
    ...{
      limit: { atMost: 15_000 },
      unit: 'ms',
      rule: fact({ topic: 'start', model: 'sd15' }, 'firstStepBeganMs'),
    },
  },
  {
    name: 'Its peak memory above the weights, 512 px, unmerged',
    ...{
      limit: { atMost: 2.5 },
      unit: 'GB',
      rule: overGb(peakAboveWeights({ topic: 'memory', model: 'sd15', sizePx: 512 }, 0, false)),
    },
  },
];

export type Outcome = 'met' | 'missed' | 'not measured';

export function judge(
  { limit, rule }: Mark,
  newestFirst: readonly StoredStudy[],
): { outcome: Outcome; found: Found | undefined } {
  const found = rule(newestFirst);
  if (found === undefined) return { outcome: 'not measured', found };
  const isMet =
    'atLeast' in limit
      ? found.value >= limit.atLeast
      : 'atMost' in limit
        ? found.value <= limit.atMost
        : found.value > limit.above;
  return { outcome: isMet ? 'met' : 'missed', found };
}
