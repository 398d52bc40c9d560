import { join } from 'node:path';
import { isStale, preloadBuild, rendererBuild, runBuild } from '#main/start/builds.ts';
import { findTestedDesktop } from './desktop.ts';

const root = join(import.meta.dirname, '..', '..', '..');

/** Builds the window where it was never built, or where its sources are newer: as `npm start` does. */
export async function ensureRenderer(say: (line: string) => void): Promise<void> {
  const builds = findTestedDesktop().binary === undefined ? [rendererBuild] : [rendererBuild, preloadBuild];
  for (const build of builds) {
    if (!isStale(root, build)) continue;
    say(`Building ${build.result} …`);
    await runBuild(root, build);
  }
}
