import * as v from 'valibot';
import { errorCodes } from './errors.ts';
import { NoticeSchema } from './notices/notice.ts';
import { MemoryRemedySchema } from './notices/remedy.ts';
import { GenerationRequestSchema, MergingSchema } from './request.ts';
import { modelKinds } from './model.ts';
import { autoRuntime, CandidateSchema, memoryModes, RuntimeChoiceSchema, VerdictSchema } from './runtime.ts';
import { RuntimeReportSchema } from './runtime-report.ts';

/** What the host and the engine process say to each other. Both sides check what they hear; replies carry the id of their request. */

const Id = v.pipe(v.number(), v.integer(), v.minValue(1));
const Count = v.pipe(v.number(), v.integer(), v.minValue(0));
const Bytes = v.custom<Uint8Array>((value) => value instanceof Uint8Array, 'expected bytes');
const Integers = v.custom<Int32Array>((value) => value instanceof Int32Array, 'expected 32-bit integers');
const Milliseconds = v.pipe(v.number(), v.minValue(0));

export const ModelReferenceSchema = v.strictObject({
  /** A diffusers folder or one .safetensors file. */
  path: v.string(),
  kind: v.exactOptional(v.picklist(modelKinds)),
  configFolder: v.exactOptional(v.string()),
});
export type ModelReference = v.InferOutput<typeof ModelReferenceSchema>;

export const EngineRequestSchema = v.variant('type', [
  v.strictObject({
    type: v.literal('load'),
    id: Id,
    model: ModelReferenceSchema,
    /** The merging expected next: what merges is built into the U-Net. */
    merging: MergingSchema,
    runtime: v.optional(RuntimeChoiceSchema, autoRuntime),
    /** Where to run, best first; absent: on the CPU. */
    candidates: v.exactOptional(v.array(CandidateSchema)),
    /** What was asked for and cannot be, told with the job. */
    notices: v.exactOptional(v.array(NoticeSchema)),
  }),
  v.strictObject({
    type: v.literal('generate'),
    id: Id,
    model: ModelReferenceSchema,
    request: GenerationRequestSchema,
    /** A preview after every n-th step; 0 = none. */
    previewEvery: Count,
    wantMaps: v.boolean(),
    runtime: v.optional(RuntimeChoiceSchema, autoRuntime),
    /** Where to run, best first; absent: on the CPU. */
    candidates: v.exactOptional(v.array(CandidateSchema)),
    /** What was asked for and cannot be, told with the job. */
    notices: v.exactOptional(v.array(NoticeSchema)),
  }),
  v.strictObject({ type: v.literal('cancel'), id: Id, job: Id }),
  v.strictObject({ type: v.literal('unload'), id: Id }),
  /** Which providers the runtime of this platform brings along. */
  v.strictObject({ type: v.literal('backends'), id: Id }),
  v.strictObject({ type: v.literal('trial'), id: Id, candidate: CandidateSchema }),
]);
export type EngineRequest = v.InferOutput<typeof EngineRequestSchema>;

/** What a request's merging will do: the tokens that each merging block has, and has left at the first and last step. */
export const MergingReportSchema = v.strictObject({
  effectiveRatio: v.number(),
  effectiveRatioEnd: v.number(),
  maxRatio: v.number(),
  blocks: v.array(
    v.strictObject({
      block: v.string(),
      gridW: Count,
      gridH: Count,
      tokens: Count,
      leftAtStart: Count,
      leftAtEnd: Count,
    }),
  ),
  /** The attention blocks that this request leaves alone; absent in rows written before it was told. */
  unmerged: v.exactOptional(v.array(v.strictObject({ block: v.string(), gridW: Count, gridH: Count }))),
});
export type MergingReport = v.InferOutput<typeof MergingReportSchema>;

export const BlockMapSchema = v.strictObject({
  block: v.string(),
  gridW: Count,
  gridH: Count,
  /** Rows of the batch: with guidance 2, the negative prompt first. */
  batch: Count,
  /** [batch, gridH·gridW]: for each token, the token that stands for it; −1 where it was pruned. */
  map: Integers,
});
export type BlockMapMessage = v.InferOutput<typeof BlockMapSchema>;

export const PictureFiguresSchema = v.strictObject({
  tokeniseMs: Milliseconds,
  textMs: Milliseconds,
  stepsMs: v.array(Milliseconds),
  /** With step caching: which of these steps ran the whole U-Net. */
  wholeSteps: v.exactOptional(v.array(v.boolean())),
  decodeMs: Milliseconds,
  /** Strips that the VAE was run in, of all its pieces; 1: the picture at once. In older rows overlapping tiles. */
  decodeTiles: Count,
  totalMs: Milliseconds,
});
export type PictureFigures = v.InferOutput<typeof PictureFiguresSchema>;

export const JobFiguresSchema = v.strictObject({
  /** Opening the checkpoint and building its nets, where this job had to. */
  loadMs: Milliseconds,
  totalMs: Milliseconds,
  peakMemory: v.strictObject({ bytes: Count, source: v.string() }),
  /** Absent in rows written before it was told. */
  runtime: v.exactOptional(RuntimeReportSchema),
  /** Of the graphics card, where the job ran on one that tells. */
  deviceMemory: v.exactOptional(v.strictObject({ bytes: Count, source: v.string() })),
  memoryMode: v.exactOptional(v.picklist(memoryModes)),
  /** What peakMemory was expected to be before anything was loaded. */
  estimatedBytes: v.exactOptional(Count),
  /** What the graphics card was expected to hold, at least; where the job ran on one. */
  estimatedDeviceBytes: v.exactOptional(Count),
});
export type JobFigures = v.InferOutput<typeof JobFiguresSchema>;

const WireErrorSchema = v.strictObject({
  name: v.string(),
  code: v.picklist(errorCodes),
  message: v.string(),
  details: v.record(v.string(), v.unknown()),
  stack: v.exactOptional(v.string()),
});

export const EngineEventSchema = v.variant('type', [
  /** The answer to `load`. */
  v.strictObject({ type: v.literal('loaded'), id: Id, tookMs: Milliseconds }),
  v.strictObject({
    type: v.literal('backends'),
    id: Id,
    version: v.string(),
    names: v.array(v.string()),
  }),
  /** `software`: what answered was a CPU that plays a GPU. */
  v.strictObject({
    type: v.literal('tried'),
    id: Id,
    verdict: VerdictSchema,
    software: v.boolean(),
  }),
  /** The job's nets are loaded and its steps begin. */
  v.strictObject({
    type: v.literal('started'),
    id: Id,
    tokenCount: Count,
    negativeTokenCount: Count,
    /** Calls of the U-Net's loop, which some schedulers make more of than steps. */
    calls: Count,
    merging: MergingReportSchema,
    /** Where the parts loaded so far run. */
    runtime: v.exactOptional(RuntimeReportSchema),
  }),
  v.strictObject({ type: v.literal('warning'), id: Id, notice: NoticeSchema }),
  /** How the job will use memory; before anything of it is loaded, so that its end can be explained. */
  v.strictObject({
    type: v.literal('memory'),
    id: Id,
    mode: v.picklist(memoryModes),
    estimatedBytes: Count,
    /** What was free for it. */
    freeBytes: Count,
    /** What would save the most, the best first. */
    remedies: v.array(MemoryRemedySchema),
    /** On a device, at least; absent: the job runs on the CPU. */
    estimatedDeviceBytes: v.exactOptional(Count),
  }),
  /**
   * Where the next job with this model and these candidates begins: a device that failed is not tried again. Told as soon
   * as it is known, since a job that is cancelled or fails has no figures to tell it with; heard after a cancel too.
   */
  v.strictObject({ type: v.literal('next'), id: Id, place: CandidateSchema }),
  v.strictObject({
    type: v.literal('progress'),
    id: Id,
    picture: Count,
    /** Calls done of `calls`. */
    call: Count,
    calls: Count,
    timestep: v.number(),
    tookMs: Milliseconds,
    /** Share of tokens that the merged blocks truly leave out at this step. */
    effectiveRatio: v.number(),
    /** False: step caching ran only the shallow layers at this step. */
    whole: v.optional(v.boolean(), true),
  }),
  v.strictObject({
    type: v.literal('preview'),
    id: Id,
    picture: Count,
    call: Count,
    widthPx: Count,
    heightPx: Count,
    rgb: Bytes,
  }),
  v.strictObject({
    type: v.literal('maps'),
    id: Id,
    picture: Count,
    call: Count,
    timestep: v.number(),
    effectiveRatio: v.number(),
    /** Destination tokens of each grid, row-major: [rows, count]; one row when the batch shares them. */
    destinations: v.array(v.strictObject({ gridW: Count, gridH: Count, rows: Count, positions: Integers })),
    blocks: v.array(BlockMapSchema),
  }),
  /** A picture that is decoded in strips: how many of them are done. */
  v.strictObject({ type: v.literal('decoding'), id: Id, picture: Count, done: Count, strips: Count }),
  v.strictObject({
    type: v.literal('picture'),
    id: Id,
    picture: Count,
    seed: Count,
    widthPx: Count,
    heightPx: Count,
    /** Row-major, three bytes a pixel. */
    rgb: Bytes,
    figures: PictureFiguresSchema,
  }),
  /** The job was stopped, or failed, and so many of its pictures have their steps done: they are decoded before it ends. */
  v.strictObject({ type: v.literal('keeping'), id: Id, pictures: Count }),
  v.strictObject({ type: v.literal('done'), id: Id, figures: v.exactOptional(JobFiguresSchema) }),
  v.strictObject({ type: v.literal('failed'), id: Id, error: WireErrorSchema }),
]);
export type EngineEvent = v.InferOutput<typeof EngineEventSchema>;

/** What a listener of one job hears between its start and its end. */
export type JobEvent = Extract<
  EngineEvent,
  {
    type:
      | 'started'
      | 'warning'
      | 'memory'
      | 'next'
      | 'progress'
      | 'preview'
      | 'maps'
      | 'decoding'
      | 'picture'
      | 'keeping';
  }
>;
