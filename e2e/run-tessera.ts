import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';
import { goldenFolder } from '#tests/golden-model.ts';

/** The terminal host as its users meet it: a process of its own. */
const main = fileURLToPath(import.meta.resolve('#main/hosts/terminal/main.ts'));
export const tinyModel = join(goldenFolder, 'tiny-sd15');

export interface Ended {
  readonly code: number | null;
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Running {
  readonly pid: number;
  readonly ended: Promise<Ended>;
  /** Resolves once stderr says it. */
  saying(text: string): Promise<void>;
}

export function startTessera(args: readonly string[], cwd: string): Running {
  // A process group of its own, so that a test can press Ctrl-C as a terminal does: for all of them.
  const child = spawn(process.execPath, [main, ...args], {
    cwd,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => {
      resolve({ code, signal, stdout, stderr });
    });
  });
  return {
    pid: child.pid ?? 0,
    ended,
    async saying(text) {
      const heard = new Promise<void>((resolve) => {
        const look = (): void => {
          if (stderr.includes(text)) resolve();
        };
        child.stderr.on('data', look);
        look();
      });
      const early = ended.then((end) => {
        if (!end.stderr.includes(text)) throw new Error(`It ended without saying "${text}": ${end.stderr}`);
      });
      await Promise.race([heard, early]);
    },
  };
}

export function runTessera(args: readonly string[], cwd: string): Promise<Ended> {
  return startTessera(args, cwd).ended;
}

/** The engine process of a running job (Linux). */
export function engineOf(running: Running): number {
  const children = readFileSync(`/proc/${running.pid}/task/${running.pid}/children`, 'utf8')
    .trim()
    .split(' ');
  const pid = Number(children[0]);
  if (children.length !== 1 || !(pid > 0))
    throw new Error(`Expected one child process, found "${children.join(' ')}".`);
  return pid;
}
