import { open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { OutputError } from '#contract/errors.ts';

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'its folder does not exist',
  EACCES: 'you may not write there',
  EPERM: 'you may not write there',
  EROFS: 'that disk is read-only',
  ENOSPC: 'the disk is full',
  EISDIR: 'a folder has that name',
};

/** The file is whole under its name or not there: written beside it, on the disk, then renamed. Throws OUTPUT_UNWRITABLE. */
export async function writeWhole(path: string, data: Uint8Array | string): Promise<void> {
  const unfinished = join(dirname(path), `.${basename(path)}.${process.pid}.part`);
  try {
    const file = await open(unfinished, 'w');
    try {
      await file.writeFile(data);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(unfinished, path);
  } catch (cause) {
    await rm(unfinished, { force: true });
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
    const reason = reasons[code] ?? (cause instanceof Error ? cause.message : String(cause));
    throw new OutputError(
      'OUTPUT_UNWRITABLE',
      `${path} cannot be written: ${reason}. Choose another place and save again.`,
      { details: { path, reason: code }, cause },
    );
  }
}
