import { nativeImage } from 'electron';
import type { WebContents } from 'electron';
import { readFile } from 'node:fs/promises';
import { mediaPaths } from '#contract/studio/media.ts';
import type { Studio } from '#studio/studio.ts';
import { dragIcon } from './drag-icon.ts';

/** The picture's file leaves the window under the pointer, with a small form of itself as the icon. */
export async function startDrag(studio: Studio, id: string, contents: WebContents): Promise<void> {
  const [picture, thumbnail] = await Promise.all([
    studio.media(mediaPaths.picture(id)),
    studio.media(mediaPaths.thumbnail(id)),
  ]);
  if (picture === undefined || !('file' in picture.body)) return;
  const { file } = picture.body;
  const small = thumbnail !== undefined && 'file' in thumbnail.body ? thumbnail.body.file : file;
  contents.startDrag({ file, icon: nativeImage.createFromBuffer(await dragIcon(await readFile(small))) });
}
