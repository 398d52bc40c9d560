import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { parametersKey, recordKey } from '#contract/picture-settings.ts';
import { readPngText } from '#contract/png/text.ts';
import type { RebuildReport } from '#contract/studio/history.ts';
import { readRecord, requestFromParameters } from './picture-record.ts';
import type { Pictures } from './pictures.ts';
import type { HistoryStore } from './store.ts';
import type { FoundGeneration } from './types.ts';

/** Puts every picture on the disk that the history lacks into it, oldest first. */
export async function rebuild(store: HistoryStore, pictures: Pictures): Promise<RebuildReport> {
  const refused: { fileName: string; reason: string }[] = [];
  const found: FoundGeneration[] = [];
  const files = await pictures.list();
  for (const fileName of files) {
    try {
      found.push(await readFound(pictures, fileName));
    } catch (error) {
      refused.push({ fileName, reason: error instanceof Error ? error.message : String(error) });
    }
  }
  found.sort((a, b) => a.createdAt - b.createdAt);
  const added = found.filter((each) => store.insertFound(each));
  for (const { id, picture } of added) {
    if (!existsSync(pictures.thumbnail(id)))
      await pictures.saveThumbnail(id, await readFile(pictures.picture(picture.fileName)));
  }
  return { found: files.length, added: added.length, refused };
}

async function readFound(pictures: Pictures, fileName: string): Promise<FoundGeneration> {
  const path = pictures.picture(fileName);
  const bytes = await readFile(path);
  const { widthPx, heightPx, texts } = readPngText(bytes);
  const picture = { fileName, widthPx, heightPx, sizeBytes: bytes.length };
  const record = readRecord(texts.get(recordKey));
  if (record !== undefined) return { ...record, picture, hasMaps: pictures.hasMaps(record.id) };
  const told = requestFromParameters(texts.get(parametersKey), { widthPx, heightPx });
  if (told === undefined) throw new Error('it carries no settings that can be read');
  const id = idOf(fileName);
  const { mtimeMs } = await stat(path);
  const unknown = { provider: null, merging: null, figures: null, memory: [] };
  return { ...told, ...unknown, id, batchId: id, createdAt: Math.round(mtimeMs), picture, hasMaps: false };
}

/** The same file gives the same id, so that a second rebuild adds nothing. */
function idOf(fileName: string): string {
  const hex = createHash('sha256').update(fileName).digest('hex');
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `4${hex.slice(13, 16)}`,
    `8${hex.slice(17, 20)}`,
    hex.slice(20, 32),
  ].join('-');
}
