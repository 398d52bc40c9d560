import { oc } from '@orpc/contract';
import * as v from 'valibot';
import { errorCodes } from '#contract/errors.ts';

/** Pieces that every part of the studio's contract uses. */

/** Random UUIDs: safe as file names and in addresses. */
export const IdSchema = v.pipe(v.string(), v.uuid());
export const CountSchema = v.pipe(v.number(), v.integer(), v.minValue(0));
export const BytesSchema = v.pipe(v.number(), v.integer(), v.minValue(0));
export const MillisecondsSchema = v.pipe(v.number(), v.minValue(0));
/** Milliseconds since 1970, UTC. */
export const TimestampSchema = v.pipe(v.number(), v.integer(), v.minValue(0));

export const FailureSchema = v.object({ code: v.picklist(errorCodes), message: v.string() });
export type Failure = v.InferOutput<typeof FailureSchema>;

/** Every procedure may end with an error of ours: its code, its message for the user, and JSON-safe details. */
export const procedure = oc.errors({
  STUDIO: {
    status: 422,
    data: v.object({
      code: v.picklist(errorCodes),
      message: v.string(),
      details: v.record(v.string(), v.unknown()),
    }),
  },
});
