import { toast } from 'svelte-sonner';
import type { Preset } from '#contract/studio/presets.ts';
import { m } from '../../paraglide/messages.js';
import type { StudioState } from '../../state/studio.svelte.ts';
import { presetOf } from './own-presets.ts';

/** English in every language: small models know no other. */
const fallbackPrompt = 'a red sun over blue mountains at dusk';

/** The presets with what they gained here, for the model and the size in the form. */
export class PresetsState {
  list = $state.raw<readonly Preset[]>([]);
  readonly #studio: StudioState;
  /** The pictures that were asked for to measure. */
  #asked = $state.raw<readonly string[]>([]);

  constructor(studio: StudioState) {
    this.#studio = studio;
    $effect(() => {
      const at = this.#at;
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
        // Quality arrives after the picture, as a change of its row; another place has figures of its own.
        if (['presets', 'finished', 'history', 'next'].includes(event.type)) read();
      });
      return () => {
        stale = true;
        stop();
      };
    });
  }

  /** Each for itself: a keystroke in the prompt asks nothing anew. */
  readonly #modelId = $derived.by(() => this.#studio.model?.id ?? null);
  readonly #widthPx = $derived.by(() => this.#studio.draft.current.widthPx);
  readonly #heightPx = $derived.by(() => this.#studio.draft.current.heightPx);
  readonly #at = $derived(
    this.#modelId === null
      ? undefined
      : { modelId: this.#modelId, widthPx: this.#widthPx, heightPx: this.#heightPx },
  );
  /** Pictures still to be made before all presets are measured. */
  readonly measuring = $derived.by(
    () => this.#studio.queue.items.filter(({ id }) => this.#asked.includes(id)).length,
  );

  /** Pictures that tell the gain go into the queue like all others. */
  async measure(): Promise<void> {
    const at = this.#at;
    if (at === undefined) return;
    const prompt = this.#studio.draft.current.prompt.trim() || fallbackPrompt;
    const answer = await this.#studio.attempt(() => this.#studio.client.presets.measure({ ...at, prompt }));
    if (answer === undefined) return;
    this.#asked = answer.generations.map(({ id }) => id);
    toast(m.generate_measure_begun({ count: answer.generations.length }));
  }

  /** Keeps what stands in the form under a name, and chooses it. */
  async save(name: string): Promise<void> {
    const studio = this.#studio;
    const changes = presetOf(studio.draft.snapshot(), studio.model);
    const saved = await studio.attempt(() => studio.client.presets.save({ name, changes }));
    if (saved !== undefined) studio.draft.change({ presetId: saved.id });
  }

  async rename({ id, changes }: Preset, name: string): Promise<void> {
    await this.#studio.attempt(() => this.#studio.client.presets.save({ id, name, changes }));
  }

  async remove({ id, name, changes }: Preset): Promise<void> {
    const studio = this.#studio;
    const wasChosen = studio.draft.current.presetId === id;
    if ((await studio.attempt(() => studio.client.presets.remove({ id }))) === undefined) return;
    if (wasChosen) studio.draft.change({ presetId: null });
    const back = async (): Promise<void> => {
      const saved = await studio.attempt(() => studio.client.presets.save({ name: name ?? id, changes }));
      if (saved !== undefined && wasChosen) studio.draft.change({ presetId: saved.id });
    };
    toast(m.generate_preset_removed({ name: name ?? id }), {
      action: { label: m.generate_undo(), onClick: () => void back() },
    });
  }
}
