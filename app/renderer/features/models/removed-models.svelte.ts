import type { ModelEntry } from '#contract/studio/models.ts';
import type { StudioState } from '../../state/studio.svelte.ts';

/** Models that were taken off the list, and can be put back. */
export class RemovedModels {
  current = $state.raw<readonly ModelEntry[]>([]);
  readonly #studio: StudioState;

  constructor(studio: StudioState) {
    this.#studio = studio;
  }

  /** Reads, and listens until the answer is called. */
  watch(): () => void {
    void this.#read();
    return this.#studio.onEvent(({ type }) => {
      if (type === 'models') void this.#read();
    });
  }

  async #read(): Promise<void> {
    const list = await this.#studio.attempt(() => this.#studio.client.models.list());
    if (list !== undefined) this.current = list.removed;
  }
}
