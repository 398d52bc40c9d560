import type { TesseraFile } from '#contract/archive/archive.ts';
import type { MapsEvent } from '#contract/archive/merge-maps.ts';
import { fromWire, type WireError } from '#contract/errors.ts';
import { askThread } from './thread.ts';

export type PackTask =
  | { readonly kind: 'maps'; readonly events: readonly MapsEvent[] }
  | {
      readonly kind: 'picture';
      readonly facts: Omit<TesseraFile, 'kind' | 'maps' | 'picture'>;
      readonly pictureFile: string;
      readonly mapsFile: string | null;
    };
export type PackAnswer = { readonly bytes: Uint8Array } | { readonly error: WireError };

/** Maps, or a whole `.tessera` file. Throws ARCHIVE_INVALID where the maps on the disk are damaged. */
export async function packInThread(task: PackTask): Promise<Uint8Array> {
  const answer = await askThread<PackAnswer>(new URL('./pack-worker.ts', import.meta.url), task);
  if ('error' in answer) throw fromWire(answer.error);
  return answer.bytes;
}
