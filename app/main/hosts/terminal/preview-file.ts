import { rm } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { assertFolderWritable, writeWhole } from './files.ts';

/** The running picture's latest preview, replaced at each. */
export class PreviewFile {
  readonly #path: string;
  #isWritten = false;

  private constructor(path: string) {
    this.#path = path;
  }

  /** Throws OUTPUT_UNWRITABLE before anything is computed. */
  static async open(path: string): Promise<PreviewFile> {
    const absolute = resolve(path);
    await assertFolderWritable(dirname(absolute), absolute);
    return new PreviewFile(absolute);
  }

  async write(png: Uint8Array): Promise<void> {
    this.#isWritten = true;
    await writeWhole(this.#path, png);
  }

  /** Of a job that came to no end; a file that was there before and was not replaced stays. */
  async abandon(): Promise<void> {
    if (this.#isWritten) await rm(this.#path, { force: true });
  }
}
