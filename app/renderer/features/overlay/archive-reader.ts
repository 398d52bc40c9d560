import type { TesseraFile } from '#contract/archive/archive.ts';
import { fromWire, type WireError } from '#contract/errors.ts';

type Answer = { readonly id: number } & (
  | { readonly file: TesseraFile; readonly error?: never }
  | { readonly error: WireError; readonly file?: never }
);

let worker: Worker | undefined;
let lastId = 0;
const waiting = new Map<number, PromiseWithResolvers<TesseraFile>>();

/** Reads an archive in a worker, started when the first one is opened. Throws ARCHIVE_INVALID as readTessera does. */
export function readArchive(bytes: Uint8Array): Promise<TesseraFile> {
  worker ??= start();
  const answer = Promise.withResolvers<TesseraFile>();
  waiting.set(++lastId, answer);
  worker.postMessage({ id: lastId, bytes });
  return answer.promise;
}

function start(): Worker {
  const started = new Worker(new URL('./archive-worker.ts', import.meta.url), { type: 'module' });
  started.addEventListener('message', ({ data }: MessageEvent<Answer>) => {
    const answer = waiting.get(data.id);
    waiting.delete(data.id);
    if (data.error === undefined) answer?.resolve(data.file);
    else answer?.reject(fromWire(data.error));
  });
  started.addEventListener('error', (event) => {
    for (const answer of waiting.values())
      answer.reject(new Error(`The reader of merge maps stopped: ${event.message || 'no reason given'}`));
    waiting.clear();
    worker = undefined;
  });
  return started;
}
