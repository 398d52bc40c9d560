import { rmSync } from 'node:fs';
import { access, mkdir, open, rename, rm, stat, unlink, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { OutputError } from '#contract/errors.ts';

/** Files appear whole or not at all: written under another name beside their place, then renamed. */

const unfinished = new Set<string>();

/** Removes what is half-written when the process ends early. */
export function removeUnfinished(): void {
  for (const path of unfinished) rmSync(path, { recursive: true, force: true });
  unfinished.clear();
}

/** A name beside `path` for its unfinished form; it is removed when the process ends before `release`. */
export function claimUnfinished(path: string): { path: string; release: () => void } {
  const temporary = join(dirname(path), `.${basename(path)}.${process.pid}.part`);
  unfinished.add(temporary);
  return { path: temporary, release: () => unfinished.delete(temporary) };
}

/** Replaces what was there. */
export async function writeWhole(path: string, data: Uint8Array | string): Promise<void> {
  const temporary = claimUnfinished(path);
  try {
    await writeFile(temporary.path, data);
    await rename(temporary.path, path);
  } catch (cause) {
    await rm(temporary.path, { force: true });
    throw unwritable(path, cause);
  } finally {
    temporary.release();
  }
}

/** Tries a file in the folder, so that a job does not compute for minutes what cannot be kept. Throws OUTPUT_UNWRITABLE. */
export async function assertFolderWritable(folder: string, forWhat: string): Promise<void> {
  const probe = claimUnfinished(join(folder, 'tessera-probe'));
  try {
    const handle = await open(probe.path, 'wx');
    await handle.close();
    await unlink(probe.path);
  } catch (cause) {
    // Some places exist and take no files, such as /proc: the system then speaks of a missing one.
    const isThere = codeOf(cause) === 'ENOENT' && (await kindOf(folder)) === 'folder';
    throw unwritable(forWhat, isThere ? new Error(`the system takes no new files in ${folder}`) : cause);
  } finally {
    probe.release();
  }
}

/** Creates a folder whose parent exists. True when it was not there before. */
export async function makeFolder(folder: string): Promise<boolean> {
  try {
    await mkdir(folder);
    return true;
  } catch (cause) {
    if ((await kindOf(folder)) === 'folder') return false;
    throw unwritable(folder, cause);
  }
}

export async function kindOf(path: string): Promise<'missing' | 'folder' | 'file' | 'other'> {
  try {
    const found = await stat(path);
    return found.isDirectory() ? 'folder' : found.isFile() ? 'file' : 'other';
  } catch (cause) {
    if (codeOf(cause) === 'ENOENT') return 'missing';
    throw unwritable(path, cause);
  }
}

export async function exists(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch {
    // Whatever hides it, the attempt to write there will say so.
    return false;
  }
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'its folder does not exist. Create the folder, or choose another place',
  ENOTDIR: 'a part of the path is a file, not a folder. Choose another place',
  EACCES: 'you may not write there. Choose a folder of your own',
  EPERM: 'you may not write there. Choose a folder of your own',
  EROFS: 'that disk is read-only. Choose another place',
  ENOSPC: 'the disk is full. Free some space, or choose another disk',
  EISDIR: 'a folder has that name. Choose another name',
  ENAMETOOLONG: 'the name is too long. Choose a shorter one',
};

export function unwritable(path: string, cause: unknown): OutputError {
  if (cause instanceof OutputError) return cause;
  const code = codeOf(cause);
  const reason =
    reasons[code] ?? `${cause instanceof Error ? cause.message : String(cause)}. Choose another place`;
  return new OutputError('OUTPUT_UNWRITABLE', `${path} cannot be written: ${reason}.`, {
    details: { path, reason: code },
    cause,
  });
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}
