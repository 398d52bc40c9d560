import * as v from 'valibot';
import { precisions } from '#contract/runtime.ts';
import { MergingSchema, StepCacheSchema } from '#contract/request.ts';
import { CountSchema, IdSchema, MillisecondsSchema, TimestampSchema, BytesSchema } from './base.ts';
import { generationStates } from './generation.ts';

export const historySorts = ['newest', 'oldest', 'fastest', 'slowest', 'ratio'] as const;

export const HistoryFilterSchema = v.object({
  /** Words or parts of words in prompt, negative prompt, notes and tags; 2 characters or more. */
  text: v.optional(v.pipe(v.string(), v.maxLength(1000))),
  modelId: v.optional(v.string()),
  /** Only pictures of this size: what can be laid over one another. */
  size: v.optional(v.object({ widthPx: CountSchema, heightPx: CountSchema })),
  minRatio: v.optional(v.number()),
  maxRatio: v.optional(v.number()),
  since: v.optional(TimestampSchema),
  until: v.optional(TimestampSchema),
  favourite: v.optional(v.boolean()),
  tag: v.optional(v.string()),
  states: v.optional(v.array(v.picklist(generationStates))),
  /** The bin: what was deleted, and nothing else. */
  deleted: v.optional(v.boolean()),
});
export type HistoryFilter = v.InferOutput<typeof HistoryFilterSchema>;

export const HistoryQuerySchema = v.object({
  filter: HistoryFilterSchema,
  sort: v.picklist(historySorts),
  /** From the page before; absent = the first page. */
  cursor: v.optional(v.string()),
  limit: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(500)),
});
export type HistoryQuery = v.InferOutput<typeof HistoryQuerySchema>;

/** What changes in a row after it was made. */
export const AnnotationSchema = v.object({
  favourite: v.optional(v.boolean()),
  tags: v.optional(
    v.pipe(v.array(v.pipe(v.string(), v.trim(), v.minLength(1), v.maxLength(100))), v.maxLength(50)),
  ),
  notes: v.optional(v.pipe(v.string(), v.maxLength(20_000))),
});
export type Annotation = v.InferOutput<typeof AnnotationSchema>;

/** Where the middle half of the measured values lies. */
export const SpreadSchema = v.object({ low: v.number(), high: v.number() });
export type Spread = v.InferOutput<typeof SpreadSchema>;

/** Medians over the pictures that share model, size, steps, scheduler, provider, device, precision, merging and step caching. */
export const StatisticSchema = v.object({
  modelId: v.string(),
  modelName: v.string(),
  widthPx: CountSchema,
  heightPx: CountSchema,
  steps: CountSchema,
  scheduler: v.string(),
  provider: v.nullable(v.string()),
  /** Of the U-Net, as is its precision; null where it was not told. */
  device: v.nullable(v.string()),
  precision: v.nullable(v.picklist(precisions)),
  ratio: v.number(),
  merging: MergingSchema,
  stepCache: v.optional(StepCacheSchema),
  effectiveRatio: v.nullable(v.number()),
  pictures: CountSchema,
  totalMs: MillisecondsSchema,
  totalSpreadMs: v.nullable(SpreadSchema),
  stepMs: MillisecondsSchema,
  stepSpreadMs: v.nullable(SpreadSchema),
  peakBytes: v.nullable(BytesSchema),
  peakSpreadBytes: v.nullable(SpreadSchema),
  peakSource: v.nullable(v.string()),
  psnrDb: v.nullable(v.number()),
  ssim: v.nullable(v.number()),
  latestAt: v.nullable(TimestampSchema),
});
export type Statistic = v.InferOutput<typeof StatisticSchema>;

export const RebuildReportSchema = v.object({
  found: CountSchema,
  added: CountSchema,
  /** Pictures that were gone and lie on the disk again. */
  returned: CountSchema,
  /** Rows whose picture is not on the disk any more. */
  missing: CountSchema,
  /** Files that could not be read, with why. */
  refused: v.array(v.object({ fileName: v.string(), reason: v.string() })),
});
export type RebuildReport = v.InferOutput<typeof RebuildReportSchema>;

export const IdsSchema = v.pipe(v.array(IdSchema), v.minLength(1), v.maxLength(1000));
