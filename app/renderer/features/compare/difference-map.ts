import type { DifferenceSummary } from './difference.ts';

export interface DifferenceQuestion {
  readonly id: number;
  readonly a: string;
  readonly b: string;
  /** Null = the one that suits the pictures. */
  readonly gain: number | null;
  readonly table: Uint8ClampedArray;
}
export interface DifferenceMap {
  readonly image: ImageData;
  readonly gain: number;
  readonly summary: DifferenceSummary;
}
export type DifferenceAnswer =
  | ({ readonly id: number; readonly ok: true } & DifferenceMap)
  | { readonly id: number; readonly ok: false; readonly message: string };

/** The worker as a function; replies are matched by id. */
export function createDifferenceMaps() {
  const worker = new Worker(new URL('./difference-worker.ts', import.meta.url), { type: 'module' });
  const waiting = new Map<number, PromiseWithResolvers<DifferenceMap>>();
  let count = 0;
  worker.addEventListener('message', ({ data }: MessageEvent<DifferenceAnswer>) => {
    const asked = waiting.get(data.id);
    waiting.delete(data.id);
    if (data.ok) asked?.resolve(data);
    else asked?.reject(new Error(data.message));
  });
  worker.addEventListener('error', (event) => {
    for (const asked of waiting.values()) asked.reject(new Error(event.message));
    waiting.clear();
  });
  return {
    map: (question: Omit<DifferenceQuestion, 'id'>): Promise<DifferenceMap> => {
      const asked = Promise.withResolvers<DifferenceMap>();
      count += 1;
      waiting.set(count, asked);
      worker.postMessage({ ...question, id: count } satisfies DifferenceQuestion);
      return asked.promise;
    },
    dispose: () => {
      worker.terminate();
    },
  };
}
