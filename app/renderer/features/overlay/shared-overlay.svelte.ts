import { StudioError } from '#contract/errors.ts';
import type { Bridge } from '../../bridge.ts';
import type { StudioState } from '../../state/studio.svelte.ts';
import { readArchive } from './archive-reader.ts';
import { OverlayState } from './overlay-state.svelte.ts';

const overlays = new WeakMap<StudioState, OverlayState>();

/** The one overlay of a window: picture and strip, wherever they stand, show the same block and step. */
export function overlayOf(studio: StudioState, bridge: Bridge): OverlayState {
  const known = overlays.get(studio);
  if (known !== undefined) return known;
  let overlay!: OverlayState;
  // It outlives the screen that asks first; what it derives must not end with that screen.
  $effect.root(() => {
    overlay = create(studio, bridge);
  });
  overlays.set(studio, overlay);
  return overlay;
}

function create(studio: StudioState, bridge: Bridge): OverlayState {
  const overlay = new OverlayState({
    readArchive: async (path, signal) => {
      const response = await fetch(bridge.mediaUrl(path), { signal });
      if (!response.ok)
        throw new StudioError(
          'ARCHIVE_INVALID',
          'The merge maps of this picture are not on the disk any more. Make the picture again to see them.',
        );
      return await readArchive(new Uint8Array(await response.arrayBuffer()));
    },
    keepOpacity: (overlayOpacity) => void studio.update({ overlayOpacity }),
  });
  overlay.opacity = studio.settings.overlayOpacity;
  studio.onEvent((event) => {
    if (event.type === 'started') overlay.begin(event.id, event.merging.unmerged ?? []);
    if (event.type === 'progress' && event.hasMaps) void overlay.addLive(event.id, event.call);
  });
  return overlay;
}
