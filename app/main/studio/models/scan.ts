import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * Checkpoints that lie in a folder: single files, diffusers folders, and single files one folder down. Pickles are found too,
 * so that the list can say why they are not opened. Undefined = no folder that can be read.
 */
export async function scanFolder(folder: string): Promise<string[] | undefined> {
  if (!isReadableFolder(folder)) return undefined;
  if (isDiffusers(folder)) return [folder];
  const entries = await readdir(folder, { withFileTypes: true });
  const found = entries.flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory() && isDiffusers(path)) return path;
    return !entry.isDirectory() && isCheckpointFile(entry.name) ? path : [];
  });
  const inner = entries.filter((entry) => entry.isDirectory() && !isDiffusers(join(folder, entry.name)));
  for (const { name } of inner) {
    const below = await readdir(join(folder, name)).catch(() => []);
    found.push(...below.filter(isCheckpointFile).map((each) => join(folder, name, each)));
  }
  return found.sort();
}

function isCheckpointFile(name: string): boolean {
  return /\.(?:safetensors|ckpt)$/i.test(name) && !name.startsWith('.');
}

export function isDiffusers(folder: string): boolean {
  return existsSync(join(folder, 'model_index.json'));
}

export function isReadableFolder(path: string): boolean {
  try {
    accessSync(path, constants.R_OK | constants.X_OK);
    return statSync(path).isDirectory();
  } catch {
    // Gone, or closed to us: the list says so.
    return false;
  }
}
