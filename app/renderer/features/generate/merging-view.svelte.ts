import type { MergingOptions } from '#contract/request.ts';
import type { MergingDescription } from '#contract/studio/models.ts';
import type { StudioState } from '../../state/studio.svelte.ts';

const askAfterMs = 90;

/** What the merging in the form would do, asked of the studio as the form changes. The last answer stays until the next. */
export class MergingView {
  description = $state.raw<MergingDescription>();
  /** What it describes: the form may be ahead of it. */
  merging = $state.raw<MergingOptions>();

  constructor(studio: StudioState) {
    $effect(() => {
      const { modelId, widthPx, heightPx, merging } = studio.draft.snapshot();
      if (modelId === null || studio.model === undefined) return;
      let stale = false;
      const timer = setTimeout(() => {
        void studio.client.models.describeMerging({ modelId, widthPx, heightPx, merging }).then(
          (description) => {
            if (stale) return;
            this.description = description;
            this.merging = merging;
          },
          // A size or an option that cannot be: said when the picture is asked for; here there is nothing to describe.
          () => {
            if (!stale) this.description = undefined;
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
