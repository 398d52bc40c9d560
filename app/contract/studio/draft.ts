import * as v from 'valibot';
import { MergingSchema, StepCacheSchema } from '#contract/request.ts';

/** The form as it stands, right or wrong: nothing here is refused, so that nothing is lost. */
export const DraftSchema = v.object({
  prompt: v.string(),
  negativePrompt: v.string(),
  modelId: v.nullable(v.string()),
  /** Null where the preset was changed by hand. */
  presetId: v.nullable(v.string()),
  widthPx: v.number(),
  heightPx: v.number(),
  steps: v.number(),
  scheduler: v.string(),
  guidanceScale: v.number(),
  /** Null = a new random seed for each press. */
  seed: v.nullable(v.number()),
  count: v.number(),
  merging: MergingSchema,
  stepCache: v.optional(StepCacheSchema),
});
export type Draft = v.InferOutput<typeof DraftSchema>;
