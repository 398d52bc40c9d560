import { rmdir } from 'node:fs/promises';
import { dirname, extname, join, parse, resolve, sep } from 'node:path';
import { OutputError } from '#contract/errors.ts';
import { assertFolderWritable, exists, kindOf, makeFolder } from './files.ts';

/** Where pictures go: one named file, a numbered series beside it, or free names in a folder. */
export interface OutputTarget {
  /** Path of one picture. A named file is replaced; names made here never are. */
  place(picture: number, seed: number, prompt: string): Promise<string>;
  /** Removes the folder that was made for this job, when nothing was put in it. */
  abandon(): Promise<void>;
}

export const defaultOutFolder = 'out';
const slugLength = 40;
const extension = '.png';

/** Checks, before anything is computed, that `out` can be written. Throws OUTPUT_UNWRITABLE. */
export async function chooseOutput(out: string | undefined, count: number): Promise<OutputTarget> {
  const path = resolve(out ?? defaultOutFolder);
  const kind = await kindOf(path);
  if (kind === 'other') {
    throw new OutputError(
      'OUTPUT_UNWRITABLE',
      `${path} is a device or a pipe. Give a .png file or a folder.`,
      {
        details: { path },
      },
    );
  }
  const wantsFolder =
    out === undefined || kind === 'folder' || out.endsWith(sep) || out.endsWith('/') || extname(path) === '';
  if (wantsFolder && kind !== 'file') return folderTarget(path);
  if (extname(path).toLowerCase() !== extension) {
    throw new OutputError(
      'OUTPUT_UNWRITABLE',
      `${path} does not end in ${extension}; pictures are written as PNG. Give a name with ${extension}, or a folder.`,
      { details: { path } },
    );
  }
  return fileTarget(path, count);
}

async function fileTarget(path: string, count: number): Promise<OutputTarget> {
  await assertFolderWritable(dirname(path), path);
  const { dir, name, ext } = parse(path);
  return {
    place: (picture) => Promise.resolve(count === 1 ? path : join(dir, `${name}-${picture + 1}${ext}`)),
    abandon: () => Promise.resolve(),
  };
}

async function folderTarget(folder: string): Promise<OutputTarget> {
  const isNew = await makeFolder(folder);
  const abandon = async (): Promise<void> => {
    // Only an empty folder goes: rmdir refuses any other.
    if (isNew) await rmdir(folder).catch(() => undefined);
  };
  try {
    await assertFolderWritable(folder, folder);
  } catch (error) {
    await abandon();
    throw error;
  }
  return {
    async place(_picture, seed, prompt) {
      const stem = [String(seed), slug(prompt)].filter((part) => part !== '').join('-');
      for (let i = 1; ; i++) {
        const path = join(folder, `${i === 1 ? stem : `${stem}-${i}`}${extension}`);
        if (!(await exists(path))) return path;
      }
    },
    abandon,
  };
}

/** Letters and digits of a prompt, for a file name that any system takes. */
export function slug(prompt: string): string {
  const words =
    prompt
      .normalize('NFKD')
      .toLowerCase()
      .match(/[a-z0-9]+/g) ?? [];
  return words.join('-').slice(0, slugLength).replace(/-$/, '');
}
