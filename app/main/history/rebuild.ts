import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { CancelledError } from '#contract/errors.ts';
import { parametersKey, recordKey } from '#contract/picture-settings.ts';
import { readPngText } from '#contract/png/text.ts';
import type { RebuildReport } from '#contract/studio/history.ts';
import { readRecord, requestFromParameters } from './picture-record.ts';
import type { Pictures } from './pictures.ts';
import type { HistoryStore } from './store.ts';
import type { FoundGeneration } from './types.ts';

/** Larger than any picture of ours: the longest side is 2048 px. */
const maxFileBytes = 256 * 2 ** 20;
/** Rows a transaction: few enough to be written between two turns of the event loop. */
const rowsAtOnce = 50;

/**
 * Makes the history agree with the disk: pictures that it lacks are added, oldest first; those that came back are known
 * again; rows whose file is gone say so. One that cannot be read stops no other. A signal ends it before anything is written.
 */
export async function rebuild(
  store: HistoryStore,
  pictures: Pictures,
  signal?: AbortSignal,
): Promise<RebuildReport> {
  const refused: { fileName: string; reason: string }[] = [];
  const refuse = (fileName: string, error: unknown): void => {
    refused.push({ fileName, reason: error instanceof Error ? error.message : String(error) });
  };
  const found: FoundGeneration[] = [];
  const files = await pictures.list();
  for (const fileName of files) {
    if (signal?.aborted === true) throw new CancelledError();
    try {
      found.push(await readFound(pictures, fileName));
    } catch (error) {
      refuse(fileName, error);
    }
  }
  found.sort((a, b) => a.createdAt - b.createdAt);
  const added: FoundGeneration[] = [];
  for (let i = 0; i < found.length; i += rowsAtOnce) {
    const some = found.slice(i, i + rowsAtOnce);
    added.push(
      ...store.insertFound(some, ({ picture }, error) => {
        refuse(picture.fileName, error);
      }),
    );
    await nextTurn();
  }
  const returned = found.filter((each) => store.returnFound(each));
  const missing = store.markMissing(new Set(files));
  for (const { id, picture } of [...added, ...returned]) {
    try {
      if (!existsSync(pictures.thumbnail(id)))
        await pictures.saveThumbnail(id, await readFile(pictures.picture(picture.fileName)));
    } catch (error) {
      refuse(picture.fileName, error);
    }
  }
  return { found: files.length, added: added.length, returned: returned.length, missing, refused };
}

async function readFound(pictures: Pictures, fileName: string): Promise<FoundGeneration> {
  const path = pictures.picture(fileName);
  const { mtimeMs, size } = await stat(path);
  if (size > maxFileBytes) throw new Error(`it is larger than ${maxFileBytes} bytes`);
  const bytes = await readFile(path);
  const { widthPx, heightPx, texts } = readPngText(bytes);
  const picture = { fileName, widthPx, heightPx, sizeBytes: bytes.length };
  const record = readRecord(texts.get(recordKey));
  if (record !== undefined) return { ...record, picture, hasMaps: pictures.hasMaps(record.id) };
  const told = requestFromParameters(texts.get(parametersKey), { widthPx, heightPx });
  if (told === undefined) throw new Error('it carries no settings that can be read');
  const id = idOf(fileName);
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
