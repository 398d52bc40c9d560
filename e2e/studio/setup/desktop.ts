import { join } from 'node:path';
import { findElectron, thisMachine, type Electron } from '#main/start/electron.ts';

const root = join(import.meta.dirname, '..', '..', '..');

/**
 * Electron's program, or why these tests cannot run under it here. Tests start it without its sandbox, so that root may too;
 * a display it needs all the same.
 */
export function findTestedDesktop(): Electron {
  const found = findElectron(thisMachine(root));
  if (found.binary === undefined || process.platform !== 'linux') return found;
  const { DISPLAY = '', WAYLAND_DISPLAY = '' } = process.env;
  if (DISPLAY === '' && WAYLAND_DISPLAY === '')
    return { reason: 'there is no display; `xvfb-run npm run test:e2e` brings one' };
  return found;
}
