import { constants } from 'node:os';
import type { JobEvent } from '#contract/engine-protocol.ts';
import { EngineError, type ErrorDetails, type StudioError } from '#contract/errors.ts';
import { english, formatGigabytes } from '#contract/notices/english.ts';
import { describeRemedies } from '#contract/notices/memory-words.ts';
import type { EngineExit } from './port.ts';

/** What was known of a job's memory before it began. */
export type MemoryOutlook = Pick<
  Extract<JobEvent, { type: 'memory' }>,
  'estimatedBytes' | 'freeBytes' | 'remedies'
>;

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

/** Last words of a process whose memory ran out: C++, V8, glibc. */
const outOfMemoryWords =
  /bad_alloc|heap out of memory|Allocation failed|Array buffer allocation failed|cannot allocate memory|out of memory/i;
/** An estimate from here on, as a share of what was free, makes the system's killer the likely one. */
const tightShare = 0.8;

/** ENGINE_DIED for a process that ended in the middle of a job; ENGINE_OUT_OF_MEMORY where memory was the cause. */
export function describeExit(exit: EngineExit, outlook?: MemoryOutlook): EngineError {
  const signal = exit.signal ?? signalOfCode(exit.code);
  const ended =
    signal !== undefined
      ? `signal ${signal}`
      : exit.code === null
        ? 'it could not be started'
        : `exit code ${exit.code}`;
  const details = { exitCode: exit.code, signal: signal ?? null, lastWords: exit.lastWords };
  const wasTight = outlook !== undefined && outlook.estimatedBytes >= tightShare * outlook.freeBytes;
  if (outOfMemoryWords.test(exit.lastWords) || (signal === 'SIGKILL' && wasTight)) {
    const needed =
      outlook === undefined
        ? ''
        : ` It was expected to need about ${formatGigabytes(outlook.estimatedBytes)}, and ${formatGigabytes(outlook.freeBytes)} was free.`;
    const message = `Memory ran out, and the engine process was ended with it (${ended}).${needed}`;
    return outOfMemory(message, details, outlook);
  }
  const meaning = (signal === undefined ? undefined : meanings[signal]) ?? unknownMeaning;
  const said = exit.lastWords === '' ? '' : ` Its last words: ${lastLine(exit.lastWords)}`;
  const mayBeMemory = (signal === 'SIGKILL' || signal === 'SIGABRT') && outlook !== undefined;
  const remedies = mayBeMemory ? ` ${describeRemedies(outlook.remedies, english)}` : '';
  return new EngineError(
    'ENGINE_DIED',
    `The engine process died during the job (${ended}): ${meaning}.${said}${remedies}`,
    { details },
  );
}

export function isOutOfMemory(error: StudioError): boolean {
  return error.code === 'ENGINE_OUT_OF_MEMORY';
}

/** A failure for want of memory names what would help this request most; every other is left as it is. */
export function withRemedies(error: StudioError, outlook: MemoryOutlook | undefined): StudioError {
  return isOutOfMemory(error) && outlook !== undefined
    ? outOfMemory(error.message, error.details, outlook)
    : error;
}

function outOfMemory(
  message: string,
  details: ErrorDetails,
  outlook: MemoryOutlook | undefined,
): EngineError {
  if (outlook === undefined) return new EngineError('ENGINE_OUT_OF_MEMORY', message, { details });
  const { remedies } = outlook;
  return new EngineError('ENGINE_OUT_OF_MEMORY', `${message} ${describeRemedies(remedies, english)}`, {
    details: { ...details, remedies },
  });
}

/** Shells, containers and Electron report a signal as 128 + its number. */
function signalOfCode(code: number | null): string | undefined {
  if (code === null || code <= 128) return undefined;
  return Object.entries(constants.signals).find(([, number]) => number === code - 128)?.[0];
}

function lastLine(text: string): string {
  return text.split('\n').at(-1)?.trim() ?? '';
}
