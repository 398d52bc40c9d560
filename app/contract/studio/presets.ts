import * as v from 'valibot';
import { MergingSchema, schedulerNames, StepCacheSchema } from '#contract/request.ts';
import { CountSchema, MillisecondsSchema, TimestampSchema } from './base.ts';

/** A preset changes merging and step caching, and perhaps steps or scheduler; all else stays as the artist left it. */
export const PresetChangesSchema = v.object({
  merging: MergingSchema,
  /** Multiplies the steps of the model's defaults; 1 = as the model likes it. */
  stepsFactor: v.pipe(v.number(), v.minValue(0.1), v.maxValue(4)),
  scheduler: v.optional(v.picklist(schedulerNames)),
  /** Absent: without. */
  stepCache: v.optional(StepCacheSchema),
});
export type PresetChanges = v.InferOutput<typeof PresetChangesSchema>;

export const builtinPresetIds = ['exact', 'faithful', 'balanced', 'fast', 'draft'] as const;
export type BuiltinPresetId = (typeof builtinPresetIds)[number];

/** Measured where the next picture is made, with this model at this size; medians over `pictures` pictures of the history. */
export const PresetFiguresSchema = v.object({
  pictures: CountSchema,
  totalMs: MillisecondsSchema,
  stepMs: MillisecondsSchema,
  /** Time without merging over time with it, same model, size, steps and place; null until both were measured. */
  speedup: v.nullable(v.number()),
  psnrDb: v.nullable(v.number()),
  measuredAt: TimestampSchema,
});
export type PresetFigures = v.InferOutput<typeof PresetFiguresSchema>;

export const PresetSchema = v.object({
  /** One of builtinPresetIds, or a UUID. */
  id: v.string(),
  /** Built-in presets are named by the renderer's language; null there. */
  name: v.nullable(v.string()),
  changes: PresetChangesSchema,
  /** Null: not measured yet with this model and size. */
  figures: v.nullable(PresetFiguresSchema),
});
export type Preset = v.InferOutput<typeof PresetSchema>;
