import { SvelteSet } from 'svelte/reactivity';
import type { StudioEvent } from '#contract/studio/events.ts';
import type { Failure } from '#contract/studio/base.ts';
import type { Generation } from '#contract/studio/generation.ts';
import type { HistoryFilter, HistoryQuery } from '#contract/studio/history.ts';
import type { StudioClient } from '../../bridge.ts';
import { failureOf } from '../../lib/failure.ts';

const pageSize = 60;

/** The gallery's rows, read page by page. Answers to an older question are dropped. */
export class HistoryList {
  items = $state.raw<readonly Generation[]>([]);
  total = $state(0);
  totalExact = $state(true);
  loading = $state(true);
  failure = $state.raw<Failure | null>(null);
  filter = $state.raw<HistoryFilter>({});
  sort = $state<HistoryQuery['sort']>('newest');
  readonly selected = $derived.by(() => this.items.filter(({ id }) => this.#chosen.has(id)));
  focused = $state<string | null>(null);
  #chosen = $state.raw<ReadonlySet<string>>(new SvelteSet());
  #cursor: string | null = null;
  /** Counts questions, so that a late answer is known. */
  #question = 0;
  readonly #client: StudioClient;

  constructor(client: StudioClient) {
    this.#client = client;
  }

  readonly isFiltered = $derived(
    Object.values(this.filter).some((value) => value !== undefined && value !== ''),
  );

  narrow(changes: HistoryFilter): Promise<void> {
    const all = { ...this.filter, ...changes };
    this.filter = Object.fromEntries(
      Object.entries(all).filter(([, value]) => value !== undefined && value !== ''),
    );
    return this.reload();
  }

  order(sort: HistoryQuery['sort']): Promise<void> {
    this.sort = sort;
    return this.reload();
  }

  /** As many rows as are shown now, from the first: what changed is seen, the place is kept. */
  async reload(): Promise<void> {
    const question = ++this.#question;
    this.loading = true;
    const limit = Math.min(500, Math.max(pageSize, this.items.length));
    await this.#ask(question, { filter: this.filter, sort: this.sort, limit }, []);
  }

  async more(): Promise<void> {
    if (this.#cursor === null || this.loading) return;
    const question = ++this.#question;
    this.loading = true;
    await this.#ask(
      question,
      { filter: this.filter, sort: this.sort, limit: pageSize, cursor: this.#cursor },
      this.items,
    );
  }

  async #ask(question: number, query: HistoryQuery, before: readonly Generation[]): Promise<void> {
    try {
      const page = await this.#client.history.page(query);
      if (question !== this.#question) return;
      this.items = [...before, ...page.items];
      this.total = page.total;
      this.totalExact = page.totalExact;
      this.#cursor = page.nextCursor;
      this.failure = null;
    } catch (error) {
      if (question === this.#question) this.failure = failureOf(error);
    } finally {
      if (question === this.#question) this.loading = false;
    }
  }

  hear(event: StudioEvent): void {
    if (event.type === 'finished' || event.type === 'history') void this.reload();
  }

  isSelected(id: string): boolean {
    return this.#chosen.has(id);
  }

  /** A click chooses one; with Ctrl it adds or takes away; with Shift it takes all from the last one to this. */
  choose(id: string, how: 'one' | 'toggle' | 'range' = 'one'): void {
    const from = this.items.findIndex((item) => item.id === this.focused);
    const to = this.items.findIndex((item) => item.id === id);
    const next = new SvelteSet<string>(how === 'one' ? [] : this.#chosen);
    if (how === 'toggle' && next.has(id)) next.delete(id);
    else if (how === 'range' && from >= 0)
      for (const item of this.items.slice(Math.min(from, to), Math.max(from, to) + 1)) next.add(item.id);
    else next.add(id);
    this.#chosen = next;
    this.focused = id;
  }

  /** Arrow keys; `by` counts tiles. Gives the tile that is reached. */
  step(by: number): Generation | undefined {
    const at = this.items.findIndex((item) => item.id === this.focused);
    const next = this.items[Math.min(this.items.length - 1, Math.max(0, at < 0 ? 0 : at + by))];
    if (next !== undefined) this.choose(next.id);
    return next;
  }

  async annotate(
    generation: Generation,
    annotation: { favourite?: boolean; tags?: string[]; notes?: string },
  ): Promise<void> {
    const fresh = await this.#client.history.annotate({ id: generation.id, annotation });
    this.items = this.items.map((item) => (item.id === fresh.id ? fresh : item));
  }

  /** Deletes what is chosen and gives its ids, for the way back. */
  async removeSelected(): Promise<string[]> {
    const ids = this.selected.map(({ id }) => id);
    if (ids.length === 0) return [];
    const last = this.items.findLastIndex(({ id }) => ids.includes(id));
    const neighbour =
      this.items.slice(last + 1).find(({ id }) => !ids.includes(id)) ??
      this.items.findLast(({ id }) => !ids.includes(id));
    await this.#client.history.remove({ ids });
    await this.reload();
    if (neighbour !== undefined) this.choose(neighbour.id);
    return ids;
  }

  async restore(ids: string[]): Promise<void> {
    await this.#client.history.restore({ ids });
    await this.reload();
  }
}
