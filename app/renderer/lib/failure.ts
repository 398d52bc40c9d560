import { ORPCError } from '@orpc/client';
import * as v from 'valibot';
import { StudioError } from '#contract/errors.ts';
import { FailureSchema, type Failure } from '#contract/studio/base.ts';

/** What went wrong, as a screen can say it: the studio's own words where it has some. */
export function failureOf(error: unknown): Failure {
  if (error instanceof StudioError) return { code: error.code, message: error.message };
  if (error instanceof ORPCError) {
    const data = v.safeParse(FailureSchema, error.data);
    if (data.success) return data.output;
  }
  return { code: 'BUG', message: error instanceof Error ? error.message : String(error) };
}
