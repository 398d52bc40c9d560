import type { Db } from './db.ts';
import type { FoundGeneration } from './types.ts';

/** Which file belongs to a row: it may go from the disk, and come back, behind our back. */
export function createPictureFiles(db: Db) {
  const picture = db.prepare<[string], { picture_file: string | null }>(
    'SELECT picture_file FROM generations WHERE id = ?',
  );
  const pictureFiles = db.prepare<[], { id: string; picture_file: string }>(
    'SELECT id, picture_file FROM generations WHERE picture_file IS NOT NULL',
  );
  const setPicture = db.prepare<[Record<string, unknown>]>(
    `UPDATE generations SET picture_file = @fileName, picture_width_px = @widthPx, picture_height_px = @heightPx,
       picture_size_bytes = @sizeBytes, has_maps = @hasMaps WHERE id = @id AND state = 'done' AND picture_file IS NULL`,
  );
  const unsetPicture = db.prepare<[string]>(
    'UPDATE generations SET picture_file = NULL, has_maps = 0 WHERE id = ?',
  );

  return {
    pictureFile: (id: string): string | undefined => picture.get(id)?.picture_file ?? undefined,
    markPictureMissing: (id: string): void => void unsetPicture.run(id),
    /** How many rows name a file that is not among these. */
    markMissing: (present: ReadonlySet<string>): number => {
      const gone = pictureFiles.all().filter(({ picture_file: fileName }) => !present.has(fileName));
      return db
        .transaction(() => gone.reduce((sum, { id }) => sum + unsetPicture.run(id).changes, 0))
        .immediate();
    },
    /** The file of a row that had lost it; false where the row has one, or is none of ours. */
    returnFound: ({ id, picture, hasMaps }: FoundGeneration): boolean =>
      setPicture.run({ ...picture, id, hasMaps: hasMaps ? 1 : 0 }).changes === 1,
  };
}
