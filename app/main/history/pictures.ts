import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { dirname, isAbsolute, join, relative } from 'node:path';
import sharp from 'sharp';
import { HistoryError } from '#contract/errors.ts';
import { writePngText } from '#contract/png/text.ts';
import { thumbnailPx } from '#contract/studio/media.ts';
import type { SavedPicture } from './types.ts';

export interface PictureToSave {
  /** Row-major, three bytes a pixel. */
  readonly rgb: Uint8Array;
  readonly widthPx: number;
  readonly heightPx: number;
  /** Keyword → text: A1111's `parameters`, and our own `tessera` that a rebuild reads. */
  readonly texts: ReadonlyMap<string, string>;
  readonly createdAt: number;
}

export type Pictures = ReturnType<typeof createPictures>;

const idPattern = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const unfinished = '.part';

/** Pictures, thumbnails and maps on the disk. A file has its name only when it is whole. */
export function createPictures(folder: string) {
  const folders = {
    pictures: join(folder, 'pictures'),
    thumbnails: join(folder, 'thumbnails'),
    maps: join(folder, 'maps'),
  };
  const thumbnail = (id: string) => join(folders.thumbnails, `${assertId(id)}.webp`);
  const maps = (id: string) => join(folders.maps, `${assertId(id)}.zip`);

  return {
    folders,
    picture: (fileName: string) => join(folders.pictures, assertBelow(fileName)),
    thumbnail,
    maps,
    save: async (id: string, picture: PictureToSave): Promise<SavedPicture> => {
      const { rgb, widthPx, heightPx, texts, createdAt } = picture;
      const raw = { width: widthPx, height: heightPx, channels: 3 } as const;
      const png = writePngText(await sharp(rgb, { raw }).png({ compressionLevel: 6 }).toBuffer(), texts);
      const small = await sharp(rgb, { raw })
        .resize(thumbnailPx, thumbnailPx, { fit: 'inside', withoutEnlargement: true })
        .webp({ quality: 86 })
        .toBuffer();
      const fileName = fileNameOf(id, createdAt);
      await writeWhole(thumbnail(id), small);
      await writeWhole(join(folders.pictures, fileName), png);
      return { fileName, widthPx, heightPx, sizeBytes: png.length };
    },
    /** For pictures whose thumbnail was lost. */
    saveThumbnail: async (id: string, png: Uint8Array): Promise<void> => {
      const small = sharp(png).resize(thumbnailPx, thumbnailPx, { fit: 'inside', withoutEnlargement: true });
      await writeWhole(thumbnail(id), await small.webp({ quality: 86 }).toBuffer());
    },
    saveMaps: (id: string, archive: Uint8Array): Promise<void> => writeWhole(maps(id), archive),
    hasMaps: (id: string): boolean => existsSync(maps(id)),
    remove: async (id: string, fileName: string | null): Promise<void> => {
      const files = [
        thumbnail(id),
        maps(id),
        ...(fileName === null ? [] : [join(folders.pictures, assertBelow(fileName))]),
      ];
      await Promise.all(files.map((file) => rm(file, { force: true })));
    },
    /** What was being written when Tessera ended. */
    sweep: async (): Promise<number> => {
      let swept = 0;
      for (const each of Object.values(folders)) {
        for (const entry of await list(each)) {
          if (!entry.endsWith(unfinished)) continue;
          await rm(join(each, entry), { force: true });
          swept++;
        }
      }
      return swept;
    },
    /** Of a picture that was not made after all: whatever was written of it already. */
    discard: async (id: string, createdAt: number): Promise<void> => {
      const files = [thumbnail(id), maps(id), join(folders.pictures, fileNameOf(id, createdAt))];
      await Promise.all(files.map((file) => rm(file, { force: true })));
    },
    /** Paths of the PNGs below the pictures folder, oldest month first. Links are left out: they may lead anywhere. */
    list: async (): Promise<string[]> => {
      const { pictures } = folders;
      const entries = existsSync(pictures)
        ? await readdir(pictures, { recursive: true, withFileTypes: true })
        : [];
      return entries
        .filter((entry) => entry.isFile() && entry.name.toLowerCase().endsWith('.png'))
        .map((entry) => relative(pictures, join(entry.parentPath, entry.name)).replaceAll('\\', '/'))
        .sort();
    },
  };
}

async function list(folder: string): Promise<string[]> {
  return existsSync(folder)
    ? (await readdir(folder, { recursive: true })).map((name) => name.replaceAll('\\', '/'))
    : [];
}

/** Written beside its place, on the disk, then named: a reader never meets half a file. */
async function writeWhole(path: string, bytes: Uint8Array): Promise<void> {
  const part = `${path}.${randomUUID()}${unfinished}`;
  try {
    await mkdir(dirname(path), { recursive: true });
    const file = await open(part, 'wx');
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(part, path);
  } catch (cause) {
    await rm(part, { force: true }).catch(() => undefined);
    throw new HistoryError(
      'HISTORY_UNWRITABLE',
      `The picture cannot be written to ${path}: ${cause instanceof Error ? cause.message : String(cause)}. ` +
        'Make room on the disk or give the folder back its permissions, then make the picture again.',
      { details: { path }, cause },
    );
  }
}

function fileNameOf(id: string, createdAt: number): string {
  const month = new Date(createdAt).toISOString().slice(0, 'YYYY-MM'.length);
  return `${month}/${assertId(id)}.png`;
}

/** A name from the database, which somebody else may have written. */
function assertBelow(fileName: string): string {
  const isBelow =
    !isAbsolute(fileName) && !fileName.split(/[/\\]/).includes('..') && !fileName.includes('\0');
  if (isBelow) return fileName;
  throw new HistoryError(
    'GENERATION_NOT_FOUND',
    `The history names a picture outside its folder: ${JSON.stringify(fileName.slice(0, 200))}. It is not opened.`,
  );
}

function assertId(id: string): string {
  if (idPattern.test(id)) return id;
  throw new HistoryError('GENERATION_NOT_FOUND', `${JSON.stringify(id.slice(0, 80))} is no id of a picture.`);
}
