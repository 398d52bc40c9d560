import { existsSync } from 'node:fs';
import { mkdir, open, rename, rm, statfs } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import { ModelError, OutputError } from '#contract/errors.ts';
import { refuseOtherFormats } from '#library/file-format.ts';
import { inspectCheckpoint } from '#library/inspect.ts';

/** Names that are the same everywhere: letters, digits, and a few signs that no file system minds. */
const safeName = /^[\p{L}\p{N}][\p{L}\p{N} ._()+-]{0,150}\.safetensors$/u;
const reserveBytes = 256 * 2 ** 20;

/**
 * A checkpoint that a window sends: into our own folder under a safe name, checked, and removed again when it is none. What
 * its first bytes give away (a pickle, a web page) is refused before the rest is taken.
 */
export async function receiveModel(
  folder: string,
  name: string,
  body: AsyncIterable<Uint8Array>,
): Promise<string> {
  const pieces = body[Symbol.asyncIterator]();
  const first = await pieces.next();
  const head = first.done === true ? Buffer.alloc(0) : Buffer.from(first.value);
  refuseOtherFormats(basename(name), head);
  if (basename(name) !== name || !safeName.test(name))
    throw new ModelError(
      'MODEL_FORMAT_REFUSED',
      `${JSON.stringify(name.slice(0, 200))} cannot be taken: expected a file that ends in .safetensors, named with letters, digits, spaces and . _ ( ) + -. Rename it and drop it again.`,
    );
  await mkdir(folder, { recursive: true });
  const path = freePath(folder, name);
  const part = `${path}.part`;
  try {
    await write(part, head, pieces);
    // Checked under its final ending: what a file is shows in its content, what it may be in its name.
    await rename(part, path);
    await inspectCheckpoint(path);
    return path;
  } catch (error) {
    await rm(part, { force: true });
    await rm(path, { force: true });
    throw error;
  }
}

function freePath(folder: string, name: string): string {
  const end = extname(name);
  const stem = basename(name, end);
  for (let i = 1; ; i++) {
    const path = join(folder, i === 1 ? name : `${stem} (${i})${end}`);
    if (!existsSync(path) && !existsSync(`${path}.part`)) return path;
  }
}

async function write(path: string, head: Uint8Array, rest: AsyncIterator<Uint8Array>): Promise<void> {
  const { bavail, bsize } = await statfs(join(path, '..'));
  const room = bavail * bsize - reserveBytes;
  const file = await open(path, 'wx');
  try {
    let size = 0;
    for (let piece = head; ;) {
      size += piece.length;
      if (size > room)
        throw new OutputError(
          'OUTPUT_UNWRITABLE',
          `There is no room for this model: ${room} bytes are free for it. Make room on the disk, or add the folder that it lies in instead.`,
        );
      await file.write(piece);
      const next = await rest.next();
      if (next.done === true) break;
      piece = next.value;
    }
    await file.sync();
  } finally {
    await file.close();
  }
}
