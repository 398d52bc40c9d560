import { constants } from 'node:os';
import { removeUnfinished } from './files.ts';

/** Ctrl-C and its relatives: the first one asks the job to stop, the second one ends the process at once. */
export interface Interrupt {
  readonly signal: AbortSignal;
  /** 128 + the number of the signal that came, if one came. */
  readonly exitCode: number | undefined;
  release(): void;
}

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

export function catchInterrupts(): Interrupt {
  const controller = new AbortController();
  let exitCode: number | undefined;
  const onSignal = (name: NodeJS.Signals): void => {
    const code = 128 + constants.signals[name];
    if (exitCode !== undefined) {
      removeUnfinished();
      process.exit(code);
    }
    exitCode = code;
    controller.abort();
  };
  for (const name of signals) process.on(name, onSignal);
  return {
    signal: controller.signal,
    get exitCode() {
      return exitCode;
    },
    release() {
      for (const name of signals) process.off(name, onSignal);
    },
  };
}
