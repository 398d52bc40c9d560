import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'vite';

const root = join(import.meta.dirname, '..', '..', '..');
const sources = ['app/renderer', 'app/contract', 'project.inlang', 'vite.config.ts', 'package-lock.json'];
/** Written by the build itself. */
const generated = join(root, 'app/renderer/paraglide');
const built = join(root, 'out/renderer/index.html');

/** Builds the window where it was never built, or where its sources are newer. */
export async function ensureRenderer(say: (line: string) => void): Promise<void> {
  const builtAt = existsSync(built) ? statSync(built).mtimeMs : 0;
  if (sources.every((source) => newest(join(root, source)) <= builtAt)) return;
  say('Building the window …');
  await build({ configFile: join(root, 'vite.config.ts'), logLevel: 'error' });
}

function newest(path: string): number {
  if (path === generated) return 0;
  const { mtimeMs } = statSync(path);
  if (!statSync(path).isDirectory()) return mtimeMs;
  return Math.max(0, ...readdirSync(path).map((name) => newest(join(path, name))));
}
