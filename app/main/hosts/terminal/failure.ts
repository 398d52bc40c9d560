import { CommanderError } from 'commander';
import { RequestError, toWire } from '#contract/errors.ts';
import type { ErrorCode, StudioError } from '#contract/errors.ts';

/** What a script can tell from the exit code; docs/usage.md explains them. */
export const exitCodes = { ok: 0, failed: 1, wrongRequest: 2, interrupted: 130 } as const;

const wrongRequestCodes: readonly ErrorCode[] = ['REQUEST_INVALID', 'CHECK_INVALID'];

export interface FailureOptions {
  readonly json: boolean;
  readonly debug: boolean;
  readonly writeOut: (text: string) => void;
  readonly writeErr: (text: string) => void;
}

/** Says once what went wrong and returns the exit code. */
export function reportFailure(error: unknown, options: FailureOptions): number {
  const wire = toWire(error instanceof CommanderError ? asRequestError(error) : error);
  const { code, message, details } = wire;
  if (options.json) {
    options.writeOut(`${JSON.stringify({ ok: false, error: { code, message, details } }, null, 2)}\n`);
  } else if (code === 'CANCELLED') {
    options.writeErr(`${message}\n`);
  } else if (code === 'BUG') {
    options.writeErr(
      `Error (BUG): something went wrong inside Tessera: ${message}\nThis is a mistake of the program, not yours. Run it again with --debug and report what it says.\n`,
    );
  } else {
    options.writeErr(`Error (${code}): ${message}\n`);
  }
  if (options.debug && wire.stack !== undefined) options.writeErr(`${wire.stack}\n`);
  if (code === 'CANCELLED') return exitCodes.interrupted;
  return wrongRequestCodes.includes(code) ? exitCodes.wrongRequest : exitCodes.failed;
}

/** Asking for help or the version ends commander by an error as well. */
export function isHelp(error: unknown): boolean {
  return error instanceof CommanderError && error.exitCode === 0;
}

/** Commander's complaints, "error: unknown option '--stepz'\n(Did you mean --steps?)", in one line of ours. */
function asRequestError(error: CommanderError): StudioError {
  const text = error.message
    .replace(/^error: /, '')
    .replace(/\s*\n\s*/g, ' ')
    .replace(/\.$/, '');
  const sentence = text.charAt(0).toUpperCase() + text.slice(1);
  return new RequestError('REQUEST_INVALID', `${sentence}. See "tessera help" for what is allowed.`);
}
