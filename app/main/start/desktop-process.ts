import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { resolve } from 'node:path';

export interface DesktopStart {
  readonly root: string;
  readonly home?: string;
  readonly models?: readonly string[];
  readonly files: readonly string[];
}

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
const endLimitMs = 10_000;

/** What Electron is given: the folder of package.json, whose `main` it runs, and the options with whole paths. */
export function desktopArguments({ root, home, models = [], files }: DesktopStart): string[] {
  return [
    root,
    ...(home === undefined ? [] : [`--home=${resolve(home)}`]),
    ...models.map((folder) => `--models=${resolve(folder)}`),
    ...files.map((file) => resolve(file)),
  ];
}

/** Runs the desktop until it ends, and ends it when we are told to. Its exit code is ours. */
export async function openDesktop(binary: string, start: DesktopStart): Promise<number> {
  const child = spawn(binary, desktopArguments(start), { stdio: 'inherit', env: environment() });
  let limit: NodeJS.Timeout | undefined;
  const pass = (signal: NodeJS.Signals): void => {
    child.kill(signal);
    limit ??= setTimeout(() => child.kill('SIGKILL'), endLimitMs);
  };
  for (const signal of signals) process.on(signal, pass);
  try {
    return await new Promise<number>((done, fail) => {
      child.once('error', fail);
      child.once('exit', (code, signal) => {
        done(code ?? (signal === null ? 1 : 128 + constants.signals[signal]));
      });
    });
  } finally {
    clearTimeout(limit);
    for (const signal of signals) process.off(signal, pass);
  }
}

/** With this set Electron would run as a plain Node and open nothing. */
function environment(): NodeJS.ProcessEnv {
  const { ELECTRON_RUN_AS_NODE: _asNode, ...rest } = process.env;
  return rest;
}
