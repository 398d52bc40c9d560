import { isSamePlace } from '#contract/runtime.ts';
import type { Statistic } from '#contract/studio/history.ts';
import type { ModelEntry } from '#contract/studio/models.ts';
import type { StudioEvent } from '#contract/studio/events.ts';
import { debounce } from '../../state/debounce.ts';
import type { StudioState } from '../../state/studio.svelte.ts';
import { coverageOf, rungs, type CoverageRow } from './coverage.ts';
import { largestValue, panelsOf, select, settle, type Chosen, type Metric } from './lab-data.ts';

const reloadAfterMs = 300;
const fallbackPrompt = 'a red sun over blue mountains at dusk';

/** What the history measured on this machine, and what of it is looked at. */
export class Lab {
  /** Null until it was read. */
  statistics = $state.raw<readonly Statistic[] | null>(null);
  metric = $state<Metric>('time');
  /** The point that pointer or keyboard is at, by statisticKey. */
  pointed = $state<string | null>(null);
  #chosen = $state.raw<Chosen>({ modelId: null, size: null, setting: null, place: null });
  #measuring = $state.raw<readonly string[]>([]);
  readonly #studio: StudioState;
  readonly #reloadSoon = debounce(() => void this.reload(), reloadAfterMs);

  constructor(studio: StudioState) {
    this.#studio = studio;
  }

  readonly all = $derived(this.statistics ?? []);
  readonly chosen = $derived(settle(this.#chosen, this.all));
  readonly selected = $derived(select(this.all, this.chosen));
  readonly panels = $derived(panelsOf(this.selected, this.metric));
  readonly largest = $derived(largestValue(this.panels));
  /** The model whose gaps are shown: the one looked at, else the one in the form. */
  readonly model = $derived.by((): ModelEntry | undefined => {
    const { models, model } = this.#studio;
    return models.find(({ id }) => id === this.chosen.modelId) ?? model;
  });
  /** Where its gaps would be filled. */
  readonly nextPlace = $derived.by(() => this.#studio.nextFor(this.model?.id ?? null));
  readonly coverage = $derived.by(() =>
    this.model === undefined
      ? []
      : coverageOf(
          this.model,
          this.all.filter((each) => isSamePlace(each, this.nextPlace)),
          [this.#studio.draft.current],
        ),
  );
  readonly pending = $derived.by(() =>
    this.#studio.queue.items.map(({ id }) => id).filter((id) => this.#measuring.includes(id)),
  );

  choose(changes: Partial<Chosen>): void {
    this.#chosen = { ...this.chosen, ...changes };
  }

  async reload(): Promise<void> {
    const statistics = await this.#studio.attempt(() => this.#studio.client.history.statistics({}));
    if (statistics !== undefined) this.statistics = statistics;
  }

  hear(event: StudioEvent): void {
    if (event.type === 'finished' || event.type === 'history') this.#reloadSoon();
  }

  /** Fills the gaps of a size; where there are none, measures all of it once more. Gives the number of pictures. */
  async measure({ widthPx, heightPx, missing }: CoverageRow): Promise<number | undefined> {
    const { model } = this;
    if (model === undefined) return undefined;
    const prompt = this.#studio.draft.current.prompt.trim() || fallbackPrompt;
    const again = missing.length === 0;
    const ratios = again ? [...rungs] : [...missing];
    const answer = await this.#studio.attempt(() =>
      this.#studio.client.presets.measure({ modelId: model.id, widthPx, heightPx, prompt, ratios, again }),
    );
    if (answer === undefined) return undefined;
    const waiting = answer.generations.filter(({ state }) => state === 'queued' || state === 'running');
    this.#measuring = [...this.pending, ...waiting.map(({ id }) => id)];
    return waiting.length;
  }

  async cancel(): Promise<void> {
    for (const id of this.pending.toReversed())
      await this.#studio.attempt(() => this.#studio.client.queue.cancel({ id }));
  }
}
