import * as v from 'valibot';
import { providers } from '#contract/runtime.ts';
import { topics } from './topics.ts';
import { sides } from './worker.ts';

/** What a run finds, as it is kept in the store: fields that came later are optional, so that older lines still read. */

const SpreadSchema = v.object({ median: v.number(), min: v.number(), max: v.number(), count: v.number() });
const PeakSchema = v.object({ bytes: v.number(), source: v.string() });
export type Peak = Readonly<v.InferOutput<typeof PeakSchema>>;

/** One line of the figures: one side on one provider, at one ratio. */
const FigureSchema = v.object({
  side: v.picklist(sides),
  provider: v.picklist(providers),
  ratio: v.number(),
  /** What else differs from tomesd's ways (bench/variants.ts); absent: nothing. */
  variant: v.exactOptional(v.string()),
  times: v.exactOptional(SpreadSchema),
  /** A picture of more steps than were run: the picture that was, and its median step for each that is missing. */
  whole: v.exactOptional(v.object({ steps: v.number(), ms: v.number() })),
  peak: v.exactOptional(PeakSchema),
  /** To the other side's output, both merging the same tokens. */
  difference: v.exactOptional(v.object({ largest: v.number(), overall: v.number() })),
  /** Why something of this line is missing. */
  failure: v.exactOptional(v.string()),
});
export type Figure = Readonly<v.InferOutput<typeof FigureSchema>>;

/** What was measured, apart from the words for it. */
const KeySchema = v.object({
  topic: v.picklist(topics),
  model: v.exactOptional(v.picklist(['demo', 'sd15', 'sd21'])),
  /** Of SD 1.5's pictures: 8 pixels a latent. */
  sizePx: v.exactOptional(v.number()),
  steps: v.exactOptional(v.number()),
});
export type StudyKey = Readonly<v.InferOutput<typeof KeySchema>>;

/** One thing that was measured at several ratios. */
export const StudySchema = v.object({
  key: KeySchema,
  title: v.string(),
  figures: v.pipe(v.array(FigureSchema), v.readonly()),
  /** Largest relative difference at which the two sides are said to do the same work. */
  sameWorkLimit: v.number(),
  notes: v.pipe(v.array(v.string()), v.readonly()),
  /** Single numbers that are no time at a ratio: what a first step waited for, weights in memory. */
  facts: v.exactOptional(v.record(v.string(), v.number())),
  /** Why nothing was measured. */
  leftOut: v.exactOptional(v.string()),
});
export type Study = Readonly<v.InferOutput<typeof StudySchema>>;

/** What a figure is of, in its study. */
export function figureName({
  side,
  provider,
  ratio,
  variant = '',
}: Pick<Figure, 'side' | 'provider' | 'ratio' | 'variant'>): string {
  return [side, provider, ratio, variant].join(' ').trim();
}

export interface Results {
  readonly date: string;
  readonly machine: Readonly<Record<string, string>>;
  readonly versions: Readonly<Record<string, string>>;
  readonly studies: readonly Study[];
}
