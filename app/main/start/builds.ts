import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { OutputError } from '#contract/errors.ts';

/** Something that is built before the window opens. */
export interface Build {
  /** The file that the build writes last. */
  readonly result: string;
  readonly sources: readonly string[];
  readonly config: string;
}

export const rendererBuild: Build = {
  result: 'out/renderer/index.html',
  sources: ['app/renderer', 'app/contract', 'project.inlang', 'vite.config.ts', 'package-lock.json'],
  config: 'vite.config.ts',
};

export const preloadBuild: Build = {
  result: 'out/desktop/preload.cjs',
  sources: ['app/preload', 'app/contract/desktop.ts', 'vite.preload.config.ts', 'package-lock.json'],
  config: 'vite.preload.config.ts',
};

/** Written by a build itself. */
const generated = ['app/renderer/paraglide'];

/** True where it was never built, or where a source is newer. */
export function isStale(root: string, { result, sources }: Build): boolean {
  const file = join(root, result);
  if (!existsSync(file)) return true;
  const builtAt = statSync(file).mtimeMs;
  const skipped = new Set(generated.map((path) => join(root, path)));
  return sources.some((source) => hasNewer(join(root, source), builtAt, skipped));
}

function hasNewer(path: string, thanMs: number, skipped: ReadonlySet<string>): boolean {
  if (skipped.has(path)) return false;
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) return false;
  if (!found.isDirectory()) return found.mtimeMs > thanMs;
  return readdirSync(path).some((name) => hasNewer(join(path, name), thanMs, skipped));
}

/** Builds with vite in a process of its own, whose words are told only when it fails. Throws OUTPUT_UNWRITABLE. */
export async function runBuild(root: string, { config }: Build): Promise<void> {
  const vite = join(root, 'node_modules', 'vite', 'bin', 'vite.js');
  const child = spawn(process.execPath, [vite, 'build', '--config', config, '--logLevel', 'warn'], {
    cwd: root,
    // Whatever starts it (tests set another): what is built is what artists get.
    env: { ...process.env, NODE_ENV: 'production' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  const hear = (chunk: Buffer): void => void (said += chunk.toString());
  child.stdout.on('data', hear);
  child.stderr.on('data', hear);
  const [code] = (await once(child, 'close')) as [number | null];
  if (code === 0) return;
  throw new OutputError(
    'OUTPUT_UNWRITABLE',
    `The window could not be built (vite with ${config} ended with ${String(code)}). Run \`npm ci\` and try again. It said:\n${said.trim()}`,
  );
}
