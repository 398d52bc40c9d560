import type { StudioClient } from '../../bridge.ts';
import { debounce } from '../../state/debounce.ts';
import type { StudioState } from '../../state/studio.svelte.ts';

export type FacetCounts = Awaited<ReturnType<StudioClient['history']['facets']>>;

const lookAgainAfterMs = 400;

/** What the filters can offer: models and tags of the pictures that there are. */
export class Facets {
  current = $state.raw<FacetCounts>({ total: 0, favourites: 0, models: [], tags: [] });
  readonly #studio: StudioState;
  readonly #again = debounce(() => void this.#read(), lookAgainAfterMs);

  constructor(studio: StudioState) {
    this.#studio = studio;
  }

  /** Reads, and listens until the answer is called. */
  watch(): () => void {
    void this.#read();
    const stop = this.#studio.onEvent(({ type }) => {
      if (type === 'finished' || type === 'history') this.#again();
    });
    return () => {
      stop();
      this.#again.cancel();
    };
  }

  async #read(): Promise<void> {
    const facets = await this.#studio.attempt(() => this.#studio.client.history.facets());
    if (facets !== undefined) this.current = facets;
  }
}
