import type { TesseraFile } from '#contract/archive/archive.ts';
import { fromWire, type WireError } from '#contract/errors.ts';

type Answer = { readonly id: number } & (
  | { readonly file: TesseraFile; readonly error?: never }
  | { readonly error: WireError; readonly file?: never }
);

/** A worker's memory is only given back with the worker: it ends once nothing was asked of it for so long. */
const idleMs = 5000;

let worker: Worker | undefined;
let idle: ReturnType<typeof setTimeout> | undefined;
let lastId = 0;
const waiting = new Map<number, PromiseWithResolvers<TesseraFile>>();

/** Reads an archive in a worker, started when one is opened and ended when idle. Throws ARCHIVE_INVALID as readTessera does. */
export function readArchive(bytes: Uint8Array): Promise<TesseraFile> {
  clearTimeout(idle);
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
    if (waiting.size === 0) idle = setTimeout(end, idleMs);
  });
  started.addEventListener('error', (event) => {
    for (const answer of waiting.values())
      answer.reject(new Error(`The reader of merge maps stopped: ${event.message || 'no reason given'}`));
    waiting.clear();
    worker = undefined;
  });
  return started;
}

function end(): void {
  worker?.terminate();
  worker = undefined;
}
