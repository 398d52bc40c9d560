import type { MemoryNeed } from '#contract/studio/models.ts';
import type { StudioState } from '../../state/studio.svelte.ts';

const askAfterMs = 150;

/** What the picture in the form would take of memory, asked of the studio as the form changes. */
export class MemoryView {
  need = $state.raw<MemoryNeed>();

  constructor(studio: StudioState) {
    $effect(() => {
      const { modelId, widthPx, heightPx, guidanceScale, merging, stepCache } = studio.draft.snapshot();
      const { memory } = studio.settings.runtime;
      // While a picture is made, what is free says nothing of the next one.
      if (studio.running !== undefined) return;
      if (modelId === null || studio.model?.state !== 'ready') {
        this.need = undefined;
        return;
      }
      let stale = false;
      const timer = setTimeout(() => {
        const form = { modelId, widthPx, heightPx, guidanceScale, merging, stepCache, memory };
        void studio.client.models.memory(form).then(
          (need) => {
            if (!stale) this.need = need;
          },
          // What cannot be is said when the picture is asked for.
          () => {
            if (!stale) this.need = undefined;
          },
        );
      }, askAfterMs);
      return () => {
        stale = true;
        clearTimeout(timer);
      };
    });
  }
}
