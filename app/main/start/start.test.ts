import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { temporaryFolder } from '#studio/testing.ts';

/** `npm start` as its user runs it: a command in a terminal, with a group of processes of its own. */

const root = join(import.meta.dirname, '..', '..', '..');
const entry = join(import.meta.dirname, 'main.ts');

interface Started {
  readonly child: ChildProcess;
  readonly said: () => string;
  until(pattern: RegExp): Promise<RegExpExecArray>;
  exit(): Promise<number | null>;
}

function npmStart(args: readonly string[], env: NodeJS.ProcessEnv = {}): Started {
  const child = spawn('npm', ['start', '--silent', '--', ...args], {
    cwd: root,
    // Only the test's own answers: no display, no Electron from elsewhere.
    env: { ...process.env, DISPLAY: '', WAYLAND_DISPLAY: '', ELECTRON_OVERRIDE_DIST_PATH: '', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  let text = '';
  const waiting = new Set<() => void>();
  const hear = (chunk: Buffer): void => {
    text += chunk.toString();
    for (const wake of waiting) wake();
  };
  child.stdout.on('data', hear);
  child.stderr.on('data', hear);
  const closed = once(child, 'close') as Promise<[number | null]>;
  void closed.then(() => {
    for (const wake of waiting) wake();
  });
  onTestFinished(() => {
    signalGroup(child, 'SIGKILL');
  });
  return {
    child,
    said: () => text,
    until: async (pattern) => {
      for (;;) {
        const found = pattern.exec(text);
        if (found !== null) return found;
        if (child.exitCode !== null)
          throw new Error(`npm start ended before it said ${String(pattern)}:\n${text}`);
        await new Promise<void>((resolve) => waiting.add(resolve));
      }
    },
    exit: async () => (await closed)[0],
  };
}

/** As Ctrl-C does: to every process of the terminal's group. False where none is left. */
function signalGroup({ pid }: ChildProcess, signal: NodeJS.Signals | 0): boolean {
  try {
    return pid !== undefined && process.kill(-pid, signal);
  } catch {
    // No such process group.
    return false;
  }
}

const addressLine = /^Tessera is at (http:\/\/127\.0\.0\.1:\d+\/) \(Ctrl-C stops it\)$/m;

describe('npm start without a window', () => {
  test('says why in one line, serves the page, and ends cleanly on Ctrl-C', async () => {
    const started = npmStart(['--port', '0', '--home', temporaryFolder()]);
    const [, address = ''] = await started.until(addressLine);
    const lines = started
      .said()
      .trim()
      .split('\n')
      .filter((line) => !line.startsWith('Building'));
    expect(lines).toHaveLength(2);
    expect(lines[0]).toMatch(/^No window of its own: .+\. Tessera opens in your browser instead\.$/);
    const page = await fetch(address);
    expect(page.status).toBe(200);
    expect(await page.text()).toContain('<div id="app">');
    signalGroup(started.child, 'SIGINT');
    // npm itself ends as its shell does, by the signal.
    expect([0, null, 130]).toContain(await started.exit());
    expect(signalGroup(started.child, 0)).toBe(false);
    expect(started.said().trim().split('\n').at(-1)).toMatch(addressLine);
  });

  test('the command itself ends with 0 on Ctrl-C', async () => {
    const child = spawn(process.execPath, [entry, '--port', '0', '--home', temporaryFolder()], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    onTestFinished(() => void child.kill('SIGKILL'));
    for await (const chunk of child.stdout) if (String(chunk).includes('Ctrl-C')) child.kill('SIGINT');
    expect(child.exitCode ?? ((await once(child, 'exit')) as [number])[0]).toBe(0);
  });

  test('listens where it is told, and says when it cannot', async () => {
    const first = npmStart(['--port', '0', '--home', temporaryFolder()]);
    const [, address = ''] = await first.until(addressLine);
    const { port } = new URL(address);
    const second = npmStart(['--port', port, '--home', temporaryFolder()]);
    expect(await second.exit()).toBe(1);
    expect(second.said()).toContain(`cannot listen on 127.0.0.1:${port}: another program uses it`);
    // A kill of the npm command alone takes the studio with it.
    first.child.kill('SIGTERM');
    await first.exit();
    await expect.poll(() => signalGroup(first.child, 0), { timeout: 10_000 }).toBe(false);
  });

  test.each([
    [['--prot', '1'], /--prot/],
    [['--port', '70000'], /--port is "70000"; allowed: whole numbers 0 to 65535/],
  ])('refuses %j with exit code 2', async (args, words) => {
    const started = npmStart(args);
    expect(await started.exit()).toBe(2);
    expect(started.said()).toMatch(words);
    expect(started.said().trim().split('\n')).toHaveLength(1);
  });

  test('explains itself', async () => {
    const started = npmStart(['--help']);
    expect(await started.exit()).toBe(0);
    for (const option of ['--browser', '--port', '--home', '--models'])
      expect(started.said()).toContain(option);
  });
});

test('the main entry that Electron reads is there', () => {
  const { main } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { main: string };
  expect(readFileSync(join(root, main), 'utf8')).toContain("from 'electron'");
});
