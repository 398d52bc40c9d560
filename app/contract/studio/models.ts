import * as v from 'valibot';
import { modelKinds } from '#contract/model.ts';
import { NoticeSchema } from '#contract/notices/notice.ts';
import { memoryModes } from '#contract/runtime.ts';
import { schedulerNames } from '#contract/request.ts';
import { BytesSchema, CountSchema, FailureSchema } from './base.ts';

/** A checkpoint where it lies. `unusable` keeps its reason; `missing` was there before. */
export const ModelEntrySchema = v.object({
  /** Stable over restarts: `demo`, or a hash of its path. */
  id: v.string(),
  name: v.string(),
  fileName: v.string(),
  /** The folder it lies in, for people to read. */
  folder: v.string(),
  embedded: v.boolean(),
  state: v.picklist(['checking', 'ready', 'unusable', 'missing']),
  failure: v.nullable(FailureSchema),
  hidden: v.boolean(),
  layout: v.nullable(v.picklist(['single-file', 'diffusers-folder'])),
  kind: v.nullable(v.picklist(modelKinds)),
  sizeBytes: v.nullable(BytesSchema),
  parameterCount: v.nullable(CountSchema),
  /** For example F16, F32, "F16 and F32". */
  precision: v.nullable(v.string()),
  /** An estimate made before loading: weights in F32 and work space at the default size. */
  memory: v.nullable(v.object({ neededBytes: BytesSchema, freeBytes: BytesSchema, fits: v.boolean() })),
  defaults: v.nullable(
    v.object({
      widthPx: CountSchema,
      heightPx: CountSchema,
      steps: CountSchema,
      guidanceScale: v.number(),
      scheduler: v.picklist(schedulerNames),
    }),
  ),
  /** Step caching's branches go from 0 to one less. */
  stepCacheBranches: v.nullable(CountSchema),
  /** The words a small model knows; null = no such list. */
  vocabulary: v.nullable(v.array(v.string())),
});
export type ModelEntry = v.InferOutput<typeof ModelEntrySchema>;

export const ModelFolderSchema = v.object({
  id: v.string(),
  /** Absolute path, for people to read. */
  path: v.string(),
  /** Our own folder for dropped files; it cannot be removed. */
  own: v.boolean(),
  /** Named when Tessera was started: it stays for this run. */
  given: v.boolean(),
  missing: v.boolean(),
});
export type ModelFolder = v.InferOutput<typeof ModelFolderSchema>;

/** What a request would take of this computer's memory, by the estimate, and what is free for it. */
export const MemoryNeedSchema = v.object({
  /** As the settings say, or as it fits. */
  mode: v.picklist(memoryModes),
  neededBytes: BytesSchema,
  freeBytes: BytesSchema,
});
export type MemoryNeed = v.InferOutput<typeof MemoryNeedSchema>;

/** What merging would do to every attention block of a model: the U-Net map, before anything runs. */
export const MergingDescriptionSchema = v.object({
  effectiveRatio: v.number(),
  effectiveRatioEnd: v.number(),
  maxRatio: v.number(),
  /** Tokens of the largest grid, and what is left of them at the first step. */
  tokens: CountSchema,
  tokensLeft: CountSchema,
  /** Plain English sentences: asked for more than can be, nothing merged and why. */
  notes: v.array(NoticeSchema),
  blocks: v.array(
    v.object({
      block: v.string(),
      section: v.picklist(['down', 'mid', 'up']),
      gridW: CountSchema,
      gridH: CountSchema,
      merges: v.boolean(),
      leftAtStart: CountSchema,
      leftAtEnd: CountSchema,
    }),
  ),
  /** Measured here: how much faster this ratio was than none, same model and size; null = not measured. */
  speedup: v.nullable(v.number()),
});
export type MergingDescription = v.InferOutput<typeof MergingDescriptionSchema>;
