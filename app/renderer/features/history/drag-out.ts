import type { Generation } from '#contract/studio/generation.ts';
import { mediaPaths } from '#contract/studio/media.ts';
import type { Bridge } from '../../bridge.ts';

/** Begins a drag of the picture's file out of the window: natively on the desktop, as a download in a browser. */
export function dragOut(event: DragEvent, bridge: Bridge, generation: Generation): void {
  const { dataTransfer } = event;
  if (generation.picture === null || dataTransfer === null) return;
  if (bridge.startDrag !== undefined) {
    event.preventDefault();
    bridge.startDrag(generation.id);
    return;
  }
  const url = bridge.mediaUrl(mediaPaths.picture(generation.id));
  dataTransfer.effectAllowed = 'copy';
  dataTransfer.setData('DownloadURL', `image/png:${pictureName(generation)}:${url}`);
  dataTransfer.setData('text/uri-list', url);
}

export function pictureName({ request }: Generation, ending: 'png' | 'tessera' = 'png'): string {
  return `tessera-${String(request.seed)}.${ending}`;
}
