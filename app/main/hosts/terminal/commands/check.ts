import { resolve } from 'node:path';
import type { CheckRuntime } from '../check/runtime.ts';
import type { Terminal } from '../terminal.ts';

/** Compares what this machine computes with the golden data of a folder. */
export async function checkCommand(
  folder: string,
  runtime: CheckRuntime,
  terminal: Terminal,
): Promise<number> {
  const { runCheck } = await import('../check/run.ts');
  return runCheck(resolve(folder), {
    runtime,
    json: terminal.isJson,
    write: (text) => {
      terminal.write(text);
    },
    // One line that is written over, where somebody watches.
    ...(terminal.isTalkative && process.stderr.isTTY
      ? { progress: (text: string) => process.stderr.write(`\r\u001b[K${text}\r`) }
      : {}),
  });
}
