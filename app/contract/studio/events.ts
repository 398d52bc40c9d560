import * as v from 'valibot';
import { MergingReportSchema } from '#contract/engine-protocol.ts';
import { NoticeSchema } from '#contract/notices/notice.ts';
import { CandidateSchema } from '#contract/runtime.ts';
import { CountSchema, IdSchema, MillisecondsSchema } from './base.ts';
import { GenerationSchema } from './generation.ts';
import { SettingsSchema } from './settings.ts';
import { ExtraStateSchema } from './system.ts';

export const QueueStateSchema = v.object({
  paused: v.boolean(),
  /** The running one first, then the waiting ones in their order. */
  items: v.array(GenerationSchema),
});
export type QueueState = v.InferOutput<typeof QueueStateSchema>;

/** The one stream a window listens to. It opens with `queue`, `settings` and `next`, so that a window that joins late is right. */
export const StudioEventSchema = v.variant('type', [
  v.object({ type: v.literal('queue'), queue: QueueStateSchema }),
  v.object({ type: v.literal('settings'), settings: SettingsSchema }),
  v.object({
    type: v.literal('next'),
    /** Where the next picture is to be made; null while that is being found out. */
    place: v.nullable(CandidateSchema),
    /** With this model elsewhere: a device failed it, and is not tried again while the engine keeps it loaded. */
    fallback: v.nullable(v.object({ modelId: v.string(), place: CandidateSchema })),
  }),
  v.object({
    type: v.literal('started'),
    id: IdSchema,
    calls: CountSchema,
    tokenCount: CountSchema,
    merging: MergingReportSchema,
  }),
  v.object({
    type: v.literal('progress'),
    id: IdSchema,
    phase: v.picklist(['loading', 'steps', 'decoding', 'saving']),
    /** Calls of the U-Net's loop done, of `calls`. */
    call: CountSchema,
    calls: CountSchema,
    stepMs: v.nullable(MillisecondsSchema),
    /** For this picture; null while nothing is known. */
    remainingMs: v.nullable(MillisecondsSchema),
    effectiveRatio: v.nullable(v.number()),
    /** Share of the decoding that is done; absent where it is done at once. */
    decoded: v.exactOptional(v.number()),
    /** Merge maps of this call can be read from mediaPaths.liveMaps. */
    hasMaps: v.boolean(),
  }),
  /** A small PNG as a data address, cheap enough to send. */
  v.object({ type: v.literal('preview'), id: IdSchema, call: CountSchema, dataUrl: v.string() }),
  v.object({ type: v.literal('warning'), id: v.nullable(IdSchema), notice: NoticeSchema }),
  /** Done, cancelled or failed: the row as the history holds it. */
  v.object({ type: v.literal('finished'), generation: GenerationSchema }),
  /** Rows changed otherwise (favourite, deleted, quality, rebuilt): lists read again. Null ids = many. */
  v.object({ type: v.literal('history'), ids: v.nullable(v.array(IdSchema)) }),
  v.object({ type: v.literal('models') }),
  v.object({ type: v.literal('presets') }),
  /** The CUDA extra: how far it is; null = it ended. */
  v.object({ type: v.literal('extra'), progress: ExtraStateSchema.entries.progress }),
]);
export type StudioEvent = v.InferOutput<typeof StudioEventSchema>;
