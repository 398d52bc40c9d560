import * as v from 'valibot';
import { MergingReportSchema, PictureFiguresSchema } from '#contract/engine-protocol.ts';
import { GenerationRequestSchema } from '#contract/request.ts';
import { memoryModes } from '#contract/runtime.ts';
import { RuntimeReportSchema } from '#contract/runtime-report.ts';
import {
  BytesSchema,
  CountSchema,
  FailureSchema,
  IdSchema,
  MillisecondsSchema,
  TimestampSchema,
} from './base.ts';

/** One picture: asked for, being made, made, or not made and why. The queue and the history are the same rows. */

export const generationStates = ['queued', 'running', 'done', 'cancelled', 'failed'] as const;
export type GenerationState = (typeof generationStates)[number];

/** A measured figure names where it came from; one that was not measured is absent, never 0. */
export const MemoryFigureSchema = v.object({
  what: v.picklist(['process', 'vram']),
  bytes: BytesSchema,
  /** For example "VmHWM of the engine process". */
  source: v.string(),
});
export type MemoryFigure = v.InferOutput<typeof MemoryFigureSchema>;

export const GenerationSchema = v.object({
  id: IdSchema,
  /** Pictures asked for together share one. */
  batchId: IdSchema,
  state: v.picklist(generationStates),
  /** Why it failed; null in every other state. */
  failure: v.nullable(FailureSchema),
  /** How often the engine began it: a picture whose process died twice is failed, not tried for ever. */
  attempts: CountSchema,
  createdAt: TimestampSchema,
  startedAt: v.nullable(TimestampSchema),
  finishedAt: v.nullable(TimestampSchema),
  /** Whole, with its seed filled in; `count` is 1. */
  request: GenerationRequestSchema,
  model: v.object({
    id: v.string(),
    name: v.string(),
    /** SHA-256 of the checkpoint's sizes, headers and samples of its weights, first 16 hex digits; null where the model could not be read. */
    hash: v.nullable(v.string()),
  }),
  provider: v.nullable(v.string()),
  merging: v.nullable(MergingReportSchema),
  figures: v.nullable(
    v.object({
      ...PictureFiguresSchema.entries,
      /** Opening the checkpoint and building its nets; 0 where they were loaded already. */
      loadMs: MillisecondsSchema,
      /** Absent, with the next, in rows written before they were told. */
      memoryMode: v.exactOptional(v.picklist(memoryModes)),
      /** What the process's peak was expected to be before anything was loaded. */
      estimatedBytes: v.exactOptional(BytesSchema),
      /** The same of the graphics card, at least. */
      estimatedDeviceBytes: v.exactOptional(BytesSchema),
      /** Absent in rows written before it was told. */
      runtime: v.exactOptional(RuntimeReportSchema),
    }),
  ),
  memory: v.array(MemoryFigureSchema),
  /** Null until it is done, and where the file is gone from the disk. */
  picture: v.nullable(v.object({ widthPx: CountSchema, heightPx: CountSchema, sizeBytes: BytesSchema })),
  hasMaps: v.boolean(),
  /** Against the unmerged picture of the same request, where that was made too. */
  quality: v.nullable(v.object({ referenceId: IdSchema, psnrDb: v.nullable(v.number()), ssim: v.number() })),
  favourite: v.boolean(),
  tags: v.array(v.string()),
  notes: v.string(),
  deletedAt: v.nullable(TimestampSchema),
});
export type Generation = v.InferOutput<typeof GenerationSchema>;

/** PSNR of two equal pictures is infinite; it crosses the line as null. */
export const QualitySchema = v.object({
  id: IdSchema,
  referenceId: IdSchema,
  psnrDb: v.nullable(v.number()),
  ssim: v.number(),
});
export type Quality = v.InferOutput<typeof QualitySchema>;
