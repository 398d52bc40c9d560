import type { StudioState } from './studio.svelte.ts';

const askAfterMs = 150;

/** Keeps `studio.need` right as the form changes, by asking the studio. To be called while a component begins. */
export function followMemoryNeed(studio: StudioState): void {
  $effect(() => {
    const { modelId, widthPx, heightPx, guidanceScale, merging, stepCache } = studio.draft.snapshot();
    const { memory } = studio.settings.runtime;
    // Asked anew when a picture begins and ends, since what is free is another then; while one is made, in no hurry.
    const delayMs = studio.running === undefined ? askAfterMs : 4 * askAfterMs;
    if (modelId === null || studio.model?.state !== 'ready') {
      studio.need = undefined;
      return;
    }
    let stale = false;
    const timer = setTimeout(() => {
      const form = { modelId, widthPx, heightPx, guidanceScale, merging, stepCache, memory };
      void studio.client.models.memory(form).then(
        (need) => {
          if (!stale) studio.need = need;
        },
        // What cannot be is said when the picture is asked for.
        () => {
          if (!stale) studio.need = undefined;
        },
      );
    }, delayMs);
    return () => {
      stale = true;
      clearTimeout(timer);
    };
  });
}
