import { StudioError } from '#contract/errors.ts';

export interface CaseResult {
  /** Largest difference of a value, relative to the expected tensor's largest value. */
  readonly maxRelativeError: number;
  /** Where it is, or what else there is to say. */
  readonly detail?: string;
  /** To be said of a case that passes, too. */
  readonly note?: string;
}

/** One comparison with golden data. It passes when its error is at most its tolerance. */
export interface CheckCase {
  readonly name: string;
  readonly tolerance: number;
  /** Throws when the comparison cannot be made: a failure like any other. */
  readonly run: () => Promise<CaseResult>;
}

/** Cases that share what they loaded. */
export interface CaseGroup {
  readonly cases: readonly CheckCase[];
  /** Frees what the cases loaded. */
  readonly close?: () => Promise<void>;
}

export function checkError(message: string): StudioError {
  return new StudioError('CHECK_INVALID', message);
}

/** A case that cannot even start: data that is there and not understood must not look like success. */
export function brokenCase(name: string, problem: unknown): CheckCase {
  const error = problem instanceof Error ? problem : checkError(String(problem));
  return { name, tolerance: 0, run: () => Promise.reject(error) };
}

/** The cases of `make`, or one broken case that says why there are none. */
export async function casesOrBroken(name: string, make: () => Promise<CaseGroup>): Promise<CaseGroup> {
  try {
    return await make();
  } catch (error) {
    return { cases: [brokenCase(name, error)] };
  }
}

/** Runs `make` when it is first asked, and never twice. */
export function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => (made ??= make());
}
