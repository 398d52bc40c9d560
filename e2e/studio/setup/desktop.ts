import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** Electron's binary, or why these tests cannot run under it here. */
export type Desktop =
  | { readonly binary: string; readonly reason?: undefined }
  | { readonly binary?: undefined; readonly reason: string };

export function findDesktop(): Desktop {
  const folder = dirname(createRequire(import.meta.url).resolve('electron/package.json'));
  const pathFile = join(folder, 'path.txt');
  const binary = existsSync(pathFile) ? join(folder, 'dist', readFileSync(pathFile, 'utf8')) : undefined;
  if (binary === undefined || !existsSync(binary))
    return { reason: 'Electron’s binary is not here (its download was not allowed or not made)' };
  const { DISPLAY, WAYLAND_DISPLAY } = process.env;
  if (process.platform === 'linux' && DISPLAY === undefined && WAYLAND_DISPLAY === undefined)
    return { reason: 'there is no display; `xvfb-run npm run test:e2e` brings one' };
  return { binary };
}
