import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What is asked of the machine, so that a test can be the machine. */
export interface Machine {
  readonly root: string;
  readonly platform: NodeJS.Platform;
  readonly env: NodeJS.ProcessEnv;
  /** Undefined where the system knows no such thing. */
  readonly userId: number | undefined;
}

/** Electron's program, or why no window can be opened with it here. */
export type Electron =
  | { readonly binary: string; readonly reason?: undefined }
  | { readonly binary?: undefined; readonly reason: string };

const binaryNames: Readonly<Partial<Record<NodeJS.Platform, string>>> = {
  darwin: 'Electron.app/Contents/MacOS/Electron',
  win32: 'electron.exe',
};

export function thisMachine(root: string): Machine {
  return { root, platform: process.platform, env: process.env, userId: process.getuid?.() };
}

/** Looks where the electron package itself looks, and downloads nothing. */
export function findElectron({ root, platform, env }: Machine): Electron {
  const folder = join(root, 'node_modules', 'electron');
  const written = readText(join(folder, 'path.txt'));
  const name = written ?? binaryNames[platform] ?? 'electron';
  const override = env['ELECTRON_OVERRIDE_DIST_PATH'];
  const binary = join(override === undefined || override === '' ? join(folder, 'dist') : override, name);
  if (existsSync(binary)) return { binary };
  return {
    reason: `Electron's program is not at ${binary} (\`npx install-electron --no\` brings it, where downloads are allowed)`,
  };
}

/** The program, a screen to draw on, and a user under whom its sandbox works. */
export function findDesktop(machine: Machine): Electron {
  const found = findElectron(machine);
  if (found.binary === undefined) return found;
  const { platform, env, userId } = machine;
  if (platform !== 'linux') return found;
  if (isUnset(env['DISPLAY']) && isUnset(env['WAYLAND_DISPLAY']))
    return { reason: 'there is no display (DISPLAY and WAYLAND_DISPLAY are not set)' };
  if (userId === 0)
    return {
      reason: 'root may not open one (the sandbox of the window needs an ordinary user)',
    };
  return found;
}

function isUnset(text: string | undefined): boolean {
  return text === undefined || text === '';
}

function readText(file: string): string | undefined {
  return existsSync(file) ? readFileSync(file, 'utf8').trim() : undefined;
}
