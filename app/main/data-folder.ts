import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

/** Where history, pictures and our own models lie: TESSERA_HOME, or where each system keeps such things. */
export function dataFolder(
  env: NodeJS.ProcessEnv = process.env,
  platform: NodeJS.Platform = process.platform,
): string {
  const { TESSERA_HOME, APPDATA, XDG_DATA_HOME } = env;
  if (TESSERA_HOME !== undefined && TESSERA_HOME !== '') return resolve(TESSERA_HOME);
  if (platform === 'win32') return join(APPDATA ?? join(homedir(), 'AppData', 'Roaming'), 'Tessera');
  if (platform === 'darwin') return join(homedir(), 'Library', 'Application Support', 'Tessera');
  return join(XDG_DATA_HOME ?? join(homedir(), '.local', 'share'), 'Tessera');
}
