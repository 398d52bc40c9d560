import { toast } from 'svelte-sonner';
import type { Preset } from '#contract/studio/presets.ts';
import { m } from '../../paraglide/messages.js';
import type { StudioState } from '../../state/studio.svelte.ts';

const fallbackPrompt = 'a red sun over blue mountains at dusk';

/** The presets with what they gained here, for the model and the size in the form. */
export class PresetsState {
  list = $state.raw<readonly Preset[]>([]);
  measuring = $state(false);
  readonly #studio: StudioState;

  constructor(studio: StudioState) {
    this.#studio = studio;
    $effect(() => {
      const at = this.#at();
      let stale = false;
      const read = (): void => {
        if (at === undefined) return;
        void studio
          .attempt(() => studio.client.presets.list(at))
          .then((list) => {
            if (!stale && list !== undefined) this.list = list;
          });
      };
      read();
      const stop = studio.onEvent((event) => {
        if (event.type === 'presets' || (event.type === 'finished' && event.generation.state === 'done'))
          read();
      });
      return () => {
        stale = true;
        stop();
      };
    });
  }

  /** Pictures that tell the gain go into the queue like all others. */
  async measure(): Promise<void> {
    const at = this.#at();
    if (at === undefined) return;
    this.measuring = true;
    const prompt = this.#studio.draft.current.prompt.trim() || fallbackPrompt;
    const answer = await this.#studio.attempt(() => this.#studio.client.presets.measure({ ...at, prompt }));
    this.measuring = false;
    if (answer !== undefined) toast(m.generate_measure_begun({ count: answer.generations.length }));
  }

  #at(): { modelId: string; widthPx: number; heightPx: number } | undefined {
    const { modelId, widthPx, heightPx } = this.#studio.draft.current;
    return modelId === null || this.#studio.model === undefined ? undefined : { modelId, widthPx, heightPx };
  }
}
