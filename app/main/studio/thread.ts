import { Worker } from 'node:worker_threads';

/** Work that would hold every window up, in a thread of its own that answers once and ends. */
export function askThread<T>(entry: URL, workerData: unknown): Promise<T> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(entry, { workerData });
    worker.once('message', resolve);
    worker.once('error', reject);
    worker.once('exit', () => {
      reject(new Error(`The thread ${entry.pathname} ended without an answer.`));
    });
  });
}
