import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';

/** Debian's packages that tests need, installed where this may be done without asking. */

export function mayUseApt(): boolean {
  return process.getuid?.() === 0 && existsSync('/usr/bin/apt-get') && existsSync('/etc/debian_version');
}

/** Undefined when it went well, else why not. */
export async function aptInstall(packages: readonly string[]): Promise<string | undefined> {
  return (
    (await run('apt-get', ['update'])) ??
    (await run('apt-get', ['install', '-y', '--no-install-recommends', ...packages]))
  );
}

/** Undefined when it went well, else why not. */
export function run(command: string, args: readonly string[]): Promise<string | undefined> {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      stdio: ['ignore', 'inherit', 'inherit'],
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    });
    child.once('error', (error) => {
      resolve(`${command}: ${error.message}`);
    });
    child.once('close', (code) => {
      resolve(code === 0 ? undefined : `${command} ${args.join(' ')} ended with ${code ?? 'a signal'}`);
    });
  });
}
