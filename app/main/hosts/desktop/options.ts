import { existsSync } from 'node:fs';
import { extname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { dataFolder } from '#main/data-folder.ts';

export interface DesktopOptions {
  readonly home: string;
  readonly models: readonly string[];
  /** Files to open in the window. */
  readonly files: readonly string[];
}

export const openableExtensions = ['tessera', 'png', 'safetensors'];

/** Lenient: Electron's and Chromium's own switches stand among ours. */
export function readOptions(args: readonly string[], folder: string): DesktopOptions {
  const { values, positionals } = parseArgs({
    args: [...args],
    strict: false,
    allowPositionals: true,
    options: { home: { type: 'string' }, models: { type: 'string', multiple: true } },
  });
  const { home, models } = values;
  return {
    home: typeof home === 'string' ? resolve(folder, home) : dataFolder(),
    models: (Array.isArray(models) ? models : [])
      .filter((each) => typeof each === 'string')
      .map((each) => resolve(folder, each)),
    files: filesToOpen(positionals, folder),
  };
}

/** Absolute paths of those that are files of ours. */
export function filesToOpen(paths: readonly string[], folder: string): string[] {
  return paths
    .filter((path) => openableExtensions.includes(extname(path).slice(1).toLowerCase()))
    .map((path) => resolve(folder, path))
    .filter((path) => existsSync(path));
}

/** What a second start hands to the first; anything else is nothing. */
export function filesOfSecondStart(data: unknown): string[] {
  if (typeof data !== 'object' || data === null || !('files' in data) || !Array.isArray(data.files))
    return [];
  return filesToOpen(
    data.files.filter((each) => typeof each === 'string'),
    '/',
  );
}

/** Where Chromium keeps its own things; one start at a time may use it, so one studio runs on one home. */
export function profileFolder(home: string): string {
  return join(home, 'desktop');
}
