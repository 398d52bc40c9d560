import { StudioError } from '#contract/errors.ts';
import type { ErrorCode } from '#contract/errors.ts';
import type { CheckCase } from './cases.ts';
import { discoverCases } from './discover.ts';
import { cpuRuntime, type CheckRuntime } from './runtime.ts';

export interface CheckOptions {
  /** One JSON document instead of one line a case. */
  readonly json: boolean;
  /** Where nets and merging run; absent: the CPU. */
  readonly runtime?: CheckRuntime;
  readonly write: (text: string) => void;
  /** Hears which case runs now, for a person who waits. */
  readonly progress?: ((text: string) => void) | undefined;
}

interface CaseReport {
  readonly name: string;
  readonly passed: boolean;
  /** null: not finite, or the comparison could not be made. */
  readonly maxRelativeError: number | null;
  readonly tolerance: number;
  readonly detail?: string;
  readonly note?: string;
  readonly errorCode?: ErrorCode;
  readonly tookMs: number;
}

const nameWidth = 44;

/** Runs every case found in `dir`. Exit code 0 when all pass, 1 when one fails.
 *  Throws CHECK_INVALID when there is nothing to check. */
export async function runCheck(dir: string, options: CheckOptions): Promise<0 | 1> {
  const { groups, notes } = await discoverCases(dir, options.runtime ?? cpuRuntime);
  const total = groups.reduce((sum, { cases }) => sum + cases.length, 0);
  const reports: CaseReport[] = [];
  for (const group of groups) {
    for (const example of group.cases) {
      options.progress?.(`${reports.length + 1}/${total} ${example.name}`);
      const report = await runCase(example);
      reports.push(report);
      if (!options.json) options.write(`${describeCase(report)}\n`);
    }
    await group.close?.();
  }
  const failed = reports.filter(({ passed }) => !passed).length;
  if (options.json) {
    const summary = { folder: dir, passed: reports.length - failed, failed, leftOut: notes, cases: reports };
    options.write(`${JSON.stringify(summary, null, 2)}\n`);
  } else {
    for (const note of notes) options.write(`left out ${note}\n`);
    options.write(`${reports.length} cases: ${reports.length - failed} passed, ${failed} failed.\n`);
  }
  return failed === 0 ? 0 : 1;
}

async function runCase({ name, tolerance, run }: CheckCase): Promise<CaseReport> {
  const startedMs = performance.now();
  const tookMs = (): number => Math.round(performance.now() - startedMs);
  try {
    const { maxRelativeError, detail, note } = await run();
    const passed = maxRelativeError <= tolerance;
    return {
      ...{ name, passed, tolerance, maxRelativeError: finite(maxRelativeError) },
      ...(detail === undefined ? {} : { detail }),
      ...(note === undefined ? {} : { note }),
      tookMs: tookMs(),
    };
  } catch (error) {
    // Whatever goes wrong in one case, the others are still worth knowing.
    const code: ErrorCode = error instanceof StudioError ? error.code : 'BUG';
    const detail = error instanceof Error ? error.message : String(error);
    return {
      name,
      passed: false,
      maxRelativeError: null,
      tolerance,
      detail,
      errorCode: code,
      tookMs: tookMs(),
    };
  }
}

function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}

function describeCase({
  name,
  passed,
  maxRelativeError,
  tolerance,
  detail,
  note,
  errorCode,
}: CaseReport): string {
  const verdict = passed ? 'ok  ' : 'FAIL';
  const error = maxRelativeError === null ? '-' : maxRelativeError.toExponential(1);
  const line = `${verdict} ${name.padEnd(nameWidth)} ${error.padStart(8)} of ${tolerance.toExponential(0)}`;
  if (passed) return note === undefined ? line : `${line}  ${note}`;
  return `${line}  ${errorCode === undefined ? '' : `${errorCode}: `}${detail ?? ''}`.trimEnd();
}
