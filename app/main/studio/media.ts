import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { StudioError } from '#contract/errors.ts';
import type { OpenedHistory } from '#history/open.ts';
import type { LiveMaps } from './live-maps.ts';
import { packInThread } from './pack.ts';

/** Something that a window may read: a file of ours, or bytes made for it. */
export interface MediaAnswer {
  readonly type: string;
  readonly body: { readonly file: string } | { readonly bytes: Uint8Array };
  /** Never another thing under the same address. */
  readonly immutable: boolean;
  readonly downloadName?: string;
}

const id = '([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})';
const patterns = {
  picture: new RegExp(`^media/pictures/${id}\\.png$`),
  thumbnail: new RegExp(`^media/thumbnails/${id}\\.webp$`),
  maps: new RegExp(`^media/maps/${id}\\.zip$`),
  live: new RegExp(`^media/live/${id}/(\\d{1,4})\\.zip$`),
  tessera: new RegExp(`^media/tessera/${id}\\.tessera$`),
} as const;

/** Answers the paths of contract/studio/media.ts and no others. Undefined = there is no such thing. */
export async function readMedia(
  history: OpenedHistory,
  live: LiveMaps,
  path: string,
): Promise<MediaAnswer | undefined> {
  const { pictures } = history;
  const match = (pattern: RegExp) => pattern.exec(path)?.slice(1) ?? [];
  const [picture] = match(patterns.picture);
  if (picture !== undefined) return pictureFile(history, picture);
  const [thumbnail] = match(patterns.thumbnail);
  if (thumbnail !== undefined) return await thumbnailFile(history, thumbnail);
  const [maps] = match(patterns.maps);
  if (maps !== undefined) return whole(pictures.maps(maps), 'application/zip');
  const [liveId, call] = match(patterns.live);
  if (liveId !== undefined) {
    const bytes = await live.read(liveId, Number(call));
    return bytes === undefined ? undefined : { type: 'application/zip', body: { bytes }, immutable: false };
  }
  const [tessera] = match(patterns.tessera);
  return tessera === undefined ? undefined : await tesseraFile(history, tessera);
}

function whole(file: string, type: string): MediaAnswer | undefined {
  return existsSync(file) ? { type, body: { file }, immutable: true } : undefined;
}

function pictureFile({ store, pictures }: OpenedHistory, of: string): MediaAnswer | undefined {
  const fileName = store.pictureFile(of);
  if (fileName === undefined) return undefined;
  const answer = whole(pictures.picture(fileName), 'image/png');
  // Deleted behind our back: from now on the history says so.
  if (answer === undefined) store.markPictureMissing(of);
  return answer;
}

async function thumbnailFile(history: OpenedHistory, of: string): Promise<MediaAnswer | undefined> {
  const { store, pictures } = history;
  const file = pictures.thumbnail(of);
  const fileName = store.pictureFile(of);
  if (!existsSync(file) && fileName !== undefined && existsSync(pictures.picture(fileName)))
    try {
      await pictures.saveThumbnail(of, await readFile(pictures.picture(fileName)));
    } catch (error) {
      // The file is no picture any more: there is nothing to show of it.
      if (error instanceof StudioError) throw error;
      return undefined;
    }
  return whole(file, 'image/webp');
}

/** Picture, request, figures and maps in one file, for someone who has no model. */
async function tesseraFile(history: OpenedHistory, of: string): Promise<MediaAnswer | undefined> {
  const { store, pictures } = history;
  const row = store.get(of);
  const answer = pictureFile(history, of);
  if (row === undefined || answer === undefined || !('file' in answer.body)) return undefined;
  const bytes = await packInThread({
    kind: 'picture',
    facts: {
      request: row.request,
      modelName: row.model.name,
      figures: { times: row.figures, memory: row.memory, merging: row.merging },
      createdAt: row.createdAt,
    },
    pictureFile: answer.body.file,
    mapsFile: row.hasMaps && pictures.hasMaps(of) ? pictures.maps(of) : null,
  });
  return {
    type: 'application/zip',
    body: { bytes },
    immutable: false,
    downloadName: `${of.slice(0, 8)}.tessera`,
  };
}
