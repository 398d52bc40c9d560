import * as v from 'valibot';
import { errorCodes } from '#contract/errors.ts';
import { CandidateSchema, deviceProblems, precisions, providers } from '#contract/runtime.ts';
import { MemoryRemedySchema } from './remedy.ts';

/**
 * What an artist should know of a job that goes on: a code, and what is particular. Its words are in `en.json` and
 * `ko.json`. Codes stay in the history's rows: none is given another meaning, and what is written with one stays readable.
 */

const Count = v.pipe(v.number(), v.integer(), v.minValue(0));
const Names = v.array(v.string());
/** What an error or a driver said, in its own words. */
const Reason = v.string();

const deviceNotices = [
  /** Asked for by name, and not to be had; `problem` is null where a trial failed, `reason` where there is none. */
  v.strictObject({
    code: v.literal('provider-unavailable'),
    provider: v.picklist(providers),
    problem: v.nullable(v.picklist(deviceProblems)),
    reason: v.nullable(Reason),
  }),
  /** `absent`: the provider has it not. Else its trial failed. */
  v.strictObject({
    code: v.literal('precision-unavailable'),
    precision: v.picklist(precisions),
    used: v.picklist(precisions),
    provider: v.picklist(providers),
    absent: v.boolean(),
    reason: v.nullable(Reason),
  }),
  v.strictObject({
    code: v.literal('device-failed'),
    from: CandidateSchema,
    to: CandidateSchema,
    error: v.picklist(errorCodes),
    reason: Reason,
  }),
  /** Left out before anything was loaded there. */
  v.strictObject({
    code: v.literal('device-too-small'),
    from: CandidateSchema,
    to: CandidateSchema,
    neededBytes: Count,
    freeBytes: Count,
    /** Who told what is free. */
    source: v.string(),
  }),
  /** A driver took the engine's process down. */
  v.strictObject({
    code: v.literal('engine-ended'),
    from: CandidateSchema,
    to: CandidateSchema,
    reason: Reason,
  }),
] as const;

const memoryNotices = [
  v.strictObject({
    code: v.literal('memory-low'),
    neededBytes: Count,
    freeBytes: Count,
    lowBytes: Count,
  }),
  v.strictObject({
    code: v.literal('memory-low-device'),
    device: v.string(),
    neededBytes: Count,
    freeBytes: Count,
    source: v.string(),
  }),
  v.strictObject({
    code: v.literal('memory-short'),
    neededBytes: Count,
    freeBytes: Count,
    remedies: v.array(MemoryRemedySchema),
  }),
  v.strictObject({
    code: v.literal('memory-short-device'),
    device: v.string(),
    neededBytes: Count,
    freeBytes: Count,
    source: v.string(),
  }),
] as const;

const promptNotices = [
  v.strictObject({
    code: v.literal('unknown-words'),
    of: v.picklist(['prompt', 'negative']),
    words: Names,
    /** How many words the model knows. */
    known: Count,
  }),
  v.strictObject({ code: v.literal('importance-idle') }),
] as const;

/** What merging makes of what was asked; the kernels say these (kernels/tome/notes.ts). */
const mergingNotices = [
  v.strictObject({ code: v.literal('merging-unknown-blocks'), unknown: Names, known: Names }),
  v.strictObject({
    code: v.picklist([
      'merging-all-off',
      'merging-no-keys-values',
      'merging-no-named-block',
      'merging-no-coarser-grid',
      'merging-no-destination',
      'merging-text-keys',
    ]),
  }),
  v.strictObject({ code: v.literal('merging-no-attention'), maxDownsample: Count }),
  v.strictObject({ code: v.literal('merging-costly'), grids: Names, asked: v.number() }),
  v.strictObject({ code: v.literal('merging-nearer-whole'), asked: v.number() }),
  v.strictObject({ code: v.literal('merging-less-than-one'), asked: v.number(), tokens: Count }),
  v.strictObject({
    code: v.literal('merging-idle'),
    options: v.array(v.picklist(['side', 'threshold', 'importance'])),
  }),
  v.strictObject({
    code: v.literal('merging-in-steps'),
    /** At the first and the last step. */
    asked: v.tuple([v.number(), v.number()]),
    given: v.tuple([v.number(), v.number()]),
  }),
  v.strictObject({ code: v.literal('merging-capped'), asked: v.number(), most: v.number() }),
  v.strictObject({ code: v.literal('merging-left-out'), grids: Names }),
  v.strictObject({ code: v.literal('merging-slower'), share: v.number() }),
] as const;

const keepingNotices = [
  v.strictObject({ code: v.literal('pictures-not-kept'), reason: Reason }),
  v.strictObject({ code: v.literal('end-unwritten'), reason: Reason }),
  v.strictObject({ code: v.literal('queue-held'), reason: Reason }),
] as const;

export const NoticeSchema = v.variant('code', [
  ...deviceNotices,
  ...memoryNotices,
  ...promptNotices,
  ...mergingNotices,
  ...keepingNotices,
]);
export type Notice = v.InferOutput<typeof NoticeSchema>;

/** Rows written before notices had codes hold their English sentences. */
export const StoredNoticeSchema = v.union([NoticeSchema, v.string()]);
export type StoredNotice = v.InferOutput<typeof StoredNoticeSchema>;
