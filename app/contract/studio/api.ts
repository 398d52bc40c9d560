import { eventIterator } from '@orpc/contract';
import * as v from 'valibot';
import { RuntimeChoiceSchema } from '#contract/runtime.ts';
import { GenerationRequestSchema, MergingSchema, StepCacheSchema } from '#contract/request.ts';
import { CountSchema, IdSchema, procedure } from './base.ts';
import { QueueStateSchema, StudioEventSchema } from './events.ts';
import { GenerationSchema, QualitySchema } from './generation.ts';
import {
  AnnotationSchema,
  HistoryFilterSchema,
  HistoryQuerySchema,
  IdsSchema,
  RebuildReportSchema,
  StatisticSchema,
} from './history.ts';
import { MemoryNeedSchema, MergingDescriptionSchema, ModelEntrySchema, ModelFolderSchema } from './models.ts';
import { PresetChangesSchema, PresetSchema } from './presets.ts';
import { SettingsSchema } from './settings.ts';
import { system } from './system.ts';

/** What a window may ask of the studio. One definition for the desktop's MessagePort and the browser's WebSocket. */

const AtSize = v.object({ modelId: v.string(), widthPx: CountSchema, heightPx: CountSchema });

const info = procedure.output(
  v.object({
    version: v.string(),
    host: v.picklist(['desktop', 'browser']),
    platform: v.string(),
    cpu: v.string(),
    totalMemoryBytes: CountSchema,
    /** Where history, pictures and settings lie, for people to read. */
    dataFolder: v.string(),
    /** Set when the history had to be set aside or rebuilt at start: said once to the artist. */
    notices: v.array(v.object({ code: v.string(), message: v.string() })),
  }),
);

const queue = {
  /** `seed` null = random. A count of n makes n rows with seeds that follow one another. */
  submit: procedure
    .input(
      v.object({
        modelId: v.string(),
        request: v.object({ ...GenerationRequestSchema.entries, seed: v.nullable(v.number()) }),
        /** Ahead of what waits already. */
        first: v.optional(v.boolean()),
      }),
    )
    .output(v.object({ batchId: IdSchema, generations: v.array(GenerationSchema) })),
  /** The same request and seed with other merging or steps, to compare. Rows of the place where they would be made are answered, not made again. */
  variants: procedure
    .input(
      v.object({
        id: IdSchema,
        changes: v.pipe(v.array(PresetChangesSchema), v.minLength(1), v.maxLength(12)),
      }),
    )
    .output(v.array(GenerationSchema)),
  list: procedure.output(QueueStateSchema),
  /** Moves a waiting picture to this place among the waiting ones; 0 = next. */
  move: procedure.input(v.object({ id: IdSchema, to: CountSchema })).output(QueueStateSchema),
  cancel: procedure.input(v.object({ id: IdSchema })).output(QueueStateSchema),
  cancelAll: procedure.output(QueueStateSchema),
  /** The running picture is finished; nothing new begins. */
  pause: procedure.output(QueueStateSchema),
  resume: procedure.output(QueueStateSchema),
};

const history = {
  page: procedure.input(HistoryQuerySchema).output(
    v.object({
      items: v.array(GenerationSchema),
      /** Of the whole filter, where `totalExact`; else there are more than this. */
      total: CountSchema,
      totalExact: v.boolean(),
      nextCursor: v.nullable(v.string()),
    }),
  ),
  get: procedure.input(v.object({ id: IdSchema })).output(GenerationSchema),
  /** Those of these that there are, deleted ones too, in the order asked. */
  many: procedure.input(v.object({ ids: IdsSchema })).output(v.array(GenerationSchema)),
  /** Pictures of the same prompt, model, size and seed: what can be compared. */
  related: procedure.input(v.object({ id: IdSchema })).output(v.array(GenerationSchema)),
  annotate: procedure
    .input(v.object({ id: IdSchema, annotation: AnnotationSchema }))
    .output(GenerationSchema),
  /** To the bin: undone by `restore`; emptied after 30 days at start. */
  remove: procedure.input(v.object({ ids: IdsSchema })).output(v.object({ removed: CountSchema })),
  restore: procedure.input(v.object({ ids: IdsSchema })).output(v.object({ restored: CountSchema })),
  facets: procedure.output(
    v.object({
      total: CountSchema,
      favourites: CountSchema,
      models: v.array(v.object({ id: v.string(), name: v.string(), count: CountSchema })),
      tags: v.array(v.object({ tag: v.string(), count: CountSchema })),
    }),
  ),
  statistics: procedure.input(HistoryFilterSchema).output(v.array(StatisticSchema)),
  /** PSNR and SSIM of pictures against one of them; kept with the rows. */
  quality: procedure
    .input(v.object({ referenceId: IdSchema, ids: IdsSchema }))
    .output(v.array(QualitySchema)),
  rebuild: procedure.output(RebuildReportSchema),
};

const ModelListSchema = v.object({
  models: v.array(ModelEntrySchema),
  folders: v.array(ModelFolderSchema),
  /** Taken off the list; each can be put back. */
  removed: v.array(ModelEntrySchema),
});

const models = {
  list: procedure.output(ModelListSchema),
  rescan: procedure.output(ModelListSchema),
  rename: procedure
    .input(v.object({ id: v.string(), name: v.pipe(v.string(), v.trim(), v.minLength(1), v.maxLength(200)) }))
    .output(ModelEntrySchema),
  setHidden: procedure.input(v.object({ id: v.string(), hidden: v.boolean() })).output(ModelEntrySchema),
  /** Off the list only: the file stays where it lies. */
  remove: procedure.input(v.object({ id: v.string() })).output(v.object({ removed: v.boolean() })),
  /** Back on the list. */
  restore: procedure.input(v.object({ id: v.string() })).output(ModelEntrySchema),
  /** Paths come from the desktop's own dialogs and drops; the browser host refuses both. */
  addFolder: procedure.input(v.object({ path: v.string() })).output(ModelFolderSchema),
  addFile: procedure.input(v.object({ path: v.string() })).output(ModelEntrySchema),
  removeFolder: procedure.input(v.object({ id: v.string() })).output(v.object({ removed: v.boolean() })),
  /** A folder that was removed since the start, with what lay in it. */
  restoreFolder: procedure.input(v.object({ id: v.string() })).output(ModelFolderSchema),
  describeMerging: procedure
    .input(v.object({ ...AtSize.entries, merging: MergingSchema }))
    .output(MergingDescriptionSchema),
  memory: procedure
    .input(
      v.object({
        ...AtSize.entries,
        guidanceScale: v.number(),
        merging: MergingSchema,
        stepCache: v.optional(StepCacheSchema),
        memory: RuntimeChoiceSchema.entries.memory,
      }),
    )
    .output(MemoryNeedSchema),
};

const presets = {
  list: procedure.input(AtSize).output(v.array(PresetSchema)),
  save: procedure
    .input(
      v.object({
        id: v.optional(IdSchema),
        name: v.pipe(v.string(), v.trim(), v.minLength(1), v.maxLength(60)),
        changes: PresetChangesSchema,
      }),
    )
    .output(PresetSchema),
  remove: procedure.input(v.object({ id: IdSchema })).output(v.object({ removed: v.boolean() })),
  /**
   * Makes one picture without merging and one with each preset that was not made yet where it would be made now, in the queue, same seed.
   * With `ratios`, one of each of these instead; with `again`, all of them once more under a new seed.
   */
  measure: procedure
    .input(
      v.object({
        ...AtSize.entries,
        prompt: v.string(),
        ratios: v.optional(v.pipe(v.array(v.number()), v.minLength(1), v.maxLength(12))),
        again: v.optional(v.boolean()),
      }),
    )
    .output(v.object({ generations: v.array(GenerationSchema) })),
};

const settings = {
  get: procedure.output(SettingsSchema),
  update: procedure.input(v.partial(SettingsSchema)).output(SettingsSchema),
};

export const studioContract = {
  info,
  events: procedure.output(eventIterator(StudioEventSchema)),
  queue,
  history,
  models,
  presets,
  settings,
  system,
};
export type StudioContract = typeof studioContract;
