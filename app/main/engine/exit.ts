import { constants } from 'node:os';
import { EngineError } from '#contract/errors.ts';
import type { EngineExit } from './port.ts';

/** Signals that say something about the cause, in the reader's words. */
const meanings: Readonly<Record<string, string>> = {
  SIGKILL:
    'something outside ended it, most often the system when memory ran out. Choose a smaller size, a smaller model or a higher merging ratio, or close other programs, and try again',
  SIGTERM: 'another program asked it to stop. Try again',
  SIGSEGV:
    'it crashed inside the runtime. Try again; if it happens every time, report it with the model and the settings',
  SIGBUS:
    'a file it reads from shrank or its disk went away. Check that the model file is whole and its disk is connected, and try again',
  SIGABRT:
    'the runtime gave up, often because memory ran out. Choose a smaller size or a smaller model, and try again',
  SIGILL: 'this processor lacks an instruction that the runtime needs',
};

const unknownMeaning =
  'the cause is not known. Try again; if it happens every time, report it with the model and the settings';

/** ENGINE_DIED for a process that ended in the middle of a job. */
export function describeExit(exit: EngineExit): EngineError {
  const signal = exit.signal ?? signalOfCode(exit.code);
  const ended =
    signal !== undefined
      ? `signal ${signal}`
      : exit.code === null
        ? 'it could not be started'
        : `exit code ${exit.code}`;
  const meaning = (signal === undefined ? undefined : meanings[signal]) ?? unknownMeaning;
  const said = exit.lastWords === '' ? '' : ` Its last words: ${lastLine(exit.lastWords)}`;
  return new EngineError(
    'ENGINE_DIED',
    `The engine process died during the job (${ended}): ${meaning}.${said}`,
    {
      details: { exitCode: exit.code, signal: signal ?? null, lastWords: exit.lastWords },
    },
  );
}

/** Shells, containers and Electron report a signal as 128 + its number. */
function signalOfCode(code: number | null): string | undefined {
  if (code === null || code <= 128) return undefined;
  return Object.entries(constants.signals).find(([, number]) => number === code - 128)?.[0];
}

function lastLine(text: string): string {
  return text.split('\n').at(-1)?.trim() ?? '';
}
