import { readFile, stat } from 'node:fs/promises';
import { basename, extname } from 'node:path';
import type { DesktopCommand } from '#contract/desktop.ts';

/** A picture or .tessera file larger than this is none of ours. */
const limitBytes = 512 * 2 ** 20;

/** What the page is told of a file that the system opened. Models are read where they lie, so their bytes stay there. */
export async function commandOfFile(path: string): Promise<DesktopCommand> {
  const name = basename(path);
  if (extname(path).toLowerCase() === '.safetensors') return { type: 'file', name, path, bytes: null };
  try {
    const { size } = await stat(path);
    if (size > limitBytes) return { type: 'notice', notice: 'file-unreadable' };
    return { type: 'file', name, path, bytes: new Uint8Array(await readFile(path)) };
  } catch {
    // Moved or locked since it was chosen; the page says so.
    return { type: 'notice', notice: 'file-unreadable' };
  }
}
