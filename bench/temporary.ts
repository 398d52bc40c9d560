import { rmSync } from 'node:fs';
import { mkdtemp, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { OutputError } from '#contract/errors.ts';

const GB = 1e9;

/** Runs with a temporary folder that is gone afterwards, on Ctrl-C as well: it may hold gigabytes. */
export async function withTemporaryFolder<T>(run: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'tessera-bench-'));
  const remove = () => {
    rmSync(folder, { recursive: true, force: true });
  };
  const interrupted = (signal: NodeJS.Signals) => {
    remove();
    process.exit(signal === 'SIGINT' ? 130 : 143);
  };
  // Not `once`: a second signal while the files go would end the process at once.
  process.on('SIGINT', interrupted);
  process.on('SIGTERM', interrupted);
  try {
    return await run(folder);
  } finally {
    process.off('SIGINT', interrupted);
    process.off('SIGTERM', interrupted);
    remove();
  }
}

/** Throws OUTPUT_UNWRITABLE when the folder's disk has less room than is needed. */
export async function assertFreeSpace(folder: string, neededBytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  const freeBytes = bavail * bsize;
  if (freeBytes >= neededBytes) return;
  throw new OutputError(
    'OUTPUT_UNWRITABLE',
    `The random model of SD 1.5's size takes ${(neededBytes / GB).toFixed(1)} GB, but ${folder} has ${(freeBytes / GB).toFixed(1)} GB free. Make room, set TMPDIR to a larger disk, or leave it out: --what block,unet-demo.`,
    { details: { folder, neededBytes, freeBytes } },
  );
}
