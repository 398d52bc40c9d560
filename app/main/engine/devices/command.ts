import { execFile } from 'node:child_process';

/** How a command of the system ended. Tools of drivers are known to be missing, to hang and to print what nobody expects. */
export type CommandResult =
  | { readonly state: 'done'; readonly output: string }
  | { readonly state: 'absent' }
  | { readonly state: 'failed'; readonly reason: string };

export type RunCommand = (file: string, args: readonly string[], limitMs: number) => Promise<CommandResult>;

const outputLimitBytes = 1024 ** 2;

/** Runs a command without a shell and ends it after `limitMs`. Never throws. */
export const runCommand: RunCommand = (file, args, limitMs) =>
  new Promise((resolve) => {
    const options = {
      timeout: limitMs,
      killSignal: 'SIGKILL',
      maxBuffer: outputLimitBytes,
      windowsHide: true,
    } as const;
    execFile(file, [...args], options, (error, stdout) => {
      if (error === null) resolve({ state: 'done', output: stdout });
      else if (error.code === 'ENOENT') resolve({ state: 'absent' });
      else if (error.killed === true && error.signal === 'SIGKILL')
        resolve({ state: 'failed', reason: `${file} gave no answer within ${limitMs / 1000} s` });
      else resolve({ state: 'failed', reason: `${file} failed: ${firstLine(stdout) ?? error.message}` });
    });
  });

function firstLine(text: string): string | undefined {
  return text
    .split('\n')
    .map((line) => line.trim())
    .find((line) => line !== '');
}
