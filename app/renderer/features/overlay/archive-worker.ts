import { readTessera } from '#contract/archive/read.ts';
import { toWire } from '#contract/errors.ts';

/** Unpacks and checks archives away from the window, which must not stutter for them. */
self.addEventListener('message', ({ data }: MessageEvent<{ id: number; bytes: Uint8Array }>) => {
  try {
    const file = readTessera(data.bytes);
    const arrays = [
      ...(file.maps?.blocks ?? []).map(({ map }) => map.buffer),
      ...(file.maps?.grids ?? []).map(({ destinations }) => destinations.buffer),
    ];
    self.postMessage({ id: data.id, file }, { transfer: [...new Set(arrays)] });
  } catch (error) {
    self.postMessage({ id: data.id, error: toWire(error) });
  }
});
