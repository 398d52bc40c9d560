import { SvelteMap, SvelteSet } from 'svelte/reactivity';
import type { Failure } from '#contract/studio/base.ts';
import type { StudioEvent } from '#contract/studio/events.ts';
import type { Generation } from '#contract/studio/generation.ts';
import type { Annotation, HistoryQuery } from '#contract/studio/history.ts';
import type { StudioClient } from '../../bridge.ts';
import { failureOf } from '../../lib/failure.ts';
import { debounce } from '../../state/debounce.ts';
import { filterOf, isNarrowed, noChoice, type FilterChoice } from './filter-choice.ts';
import { mergeHead } from './merge-head.ts';
import { newTo, putBack, takeOut, type Place } from './places.ts';
import { Selection } from './selection.svelte.ts';

type Page = Awaited<ReturnType<StudioClient['history']['page']>>;

const pageSize = 100;
/** As much as one procedure takes. */
const maxIds = 1000;
const searchAfterMs = 160;
const lookAgainAfterMs = 250;
/** Rows kept whole; of the others only the ids are, and they are read again when they come into sight. */
const maxRows = 1200;

/**
 * The gallery's order (ids, read page by page) and its rows (those near the eye). An answer to an older question is never
 * shown. New pictures come in at the top; while the gallery is scrolled they wait, so that nothing jumps.
 */
export class HistoryList {
  ids = $state.raw<readonly string[]>([]);
  readonly rows = new SvelteMap<string, Generation>();
  total = $state(0);
  totalExact = $state(true);
  /** The first page of a question is on its way. */
  loading = $state(true);
  failure = $state.raw<Failure | null>(null);
  choice = $state.raw<FilterChoice>(noChoice);
  sort = $state<HistoryQuery['sort']>('newest');
  /** Rows above that are not shown yet. */
  news = $state(0);
  /** Rises with each new question: the gallery goes back to its top. */
  question = $state(0);
  readonly selection = new Selection(() => this.ids);
  /** Where the gallery was left. */
  scrollPx = 0;
  #cursor: string | null = null;
  #reading = false;
  readonly #asked = new SvelteSet<string>();
  readonly #client: StudioClient;
  readonly #search = debounce(() => void this.reload(), searchAfterMs);
  readonly #lookAgain = debounce(() => void this.#readHead(), lookAgainAfterMs);

  constructor(client: StudioClient) {
    this.#client = client;
  }

  readonly isNarrowed = $derived(isNarrowed(this.choice));
  readonly shown = $derived(
    this.selection.focused === null ? undefined : this.rows.get(this.selection.focused),
  );

  /** What is typed stands in the field at once; it is looked for when the fingers rest. */
  type(text: string): void {
    this.choice = { ...this.choice, text };
    this.#search();
  }

  narrow(changes: Partial<FilterChoice>): Promise<void> {
    this.choice = { ...this.choice, ...changes };
    return this.reload();
  }

  clear(): Promise<void> {
    return this.narrow({ ...noChoice, deleted: this.choice.deleted });
  }

  order(sort: HistoryQuery['sort']): Promise<void> {
    this.sort = sort;
    return this.reload();
  }

  /** Asks anew, from the top. */
  async reload(): Promise<void> {
    this.#search.cancel();
    const question = ++this.question;
    this.loading = true;
    try {
      const page = await this.#page(pageSize);
      if (question !== this.question) return;
      this.scrollPx = 0;
      this.ids = page.items.map(({ id }) => id);
      this.#take(page);
      this.#cursor = page.nextCursor;
      this.selection.keepShown();
      this.failure = null;
    } catch (error) {
      if (question === this.question) this.failure = failureOf(error);
    } finally {
      if (question === this.question) this.loading = false;
    }
  }

  /** Rows `from` to `to` are in sight: they are read where they are not here, and the next page before its end is seen. */
  async see(from: number, to: number): Promise<void> {
    const missing = this.ids
      .slice(Math.max(0, from), to + 1)
      .filter((id) => !this.rows.has(id) && !this.#asked.has(id));
    this.#letGo(from, to);
    try {
      await Promise.all([
        this.#readRows(missing),
        to > this.ids.length - pageSize ? this.#more() : undefined,
      ]);
    } catch (error) {
      this.failure = failureOf(error);
    }
  }

  hear(event: StudioEvent): void {
    if (event.type === 'queue') this.#hearRows(event.queue.items);
    else if (event.type === 'finished') this.#hearRows([event.generation]);
    else if (event.type === 'history') void this.#hearChanges(event.ids);
  }

  /** Shows what came meanwhile, from the top. */
  async showNews(): Promise<void> {
    this.scrollPx = 0;
    this.news = 0;
    this.question += 1;
    await this.#readHead();
  }

  async annotate(ids: readonly string[], annotation: (row: Generation) => Annotation): Promise<void> {
    for (const id of ids) {
      const row = this.rows.get(id);
      if (row !== undefined)
        this.rows.set(id, await this.#client.history.annotate({ id, annotation: annotation(row) }));
    }
  }

  /** Out of the gallery and into the bin, or out of the bin. Gives the way back. */
  async move(ids: readonly string[], to: 'bin' | 'gallery'): Promise<Place[]> {
    for (let i = 0; i < ids.length; i += maxIds) {
      const some = ids.slice(i, i + maxIds);
      await (to === 'bin'
        ? this.#client.history.remove({ ids: some })
        : this.#client.history.restore({ ids: some }));
    }
    return this.#drop(ids);
  }

  /** Undoes `move`, each row where it stood. */
  async moveBack(places: readonly Place[], to: 'bin' | 'gallery'): Promise<void> {
    const ids = places.map(({ id }) => id);
    await (to === 'bin' ? this.#client.history.remove({ ids }) : this.#client.history.restore({ ids }));
    // In the other view they come by the event.
    if ((to === 'bin') !== this.choice.deleted) return;
    const before = this.ids.length;
    this.ids = putBack(this.ids, places);
    this.total += this.ids.length - before;
    await this.#readRows(ids);
    const [first] = places;
    if (first !== undefined) this.selection.choose(first.id);
  }

  #page(limit: number, cursor?: string): Promise<Page> {
    const filter = filterOf(this.choice, Date.now());
    return this.#client.history.page({
      filter,
      sort: this.sort,
      limit,
      ...(cursor === undefined ? {} : { cursor }),
    });
  }

  async #more(): Promise<void> {
    if (this.#cursor === null || this.#reading || this.loading) return;
    const { question } = this;
    this.#reading = true;
    try {
      const page = await this.#page(pageSize, this.#cursor);
      if (question !== this.question) return;
      const next = page.items.map(({ id }) => id);
      this.ids = [...this.ids, ...newTo(this.ids, next)];
      this.#take(page);
      this.#cursor = page.nextCursor;
    } finally {
      this.#reading = false;
    }
  }

  /** Reads the first page again. At the top it is shown; further down it is only told that there is something new. */
  async #readHead(): Promise<void> {
    const { question } = this;
    try {
      const page = await this.#page(pageSize);
      if (question !== this.question || this.loading) return;
      const head = page.items.map(({ id }) => id);
      const fresh = newTo(this.ids, head).length;
      if (this.scrollPx > 0 && fresh > 0) {
        this.news = fresh;
        return;
      }
      const { ids, headEnds } = mergeHead(this.ids, head, page.nextCursor === null);
      this.ids = ids;
      this.#take(page);
      if (headEnds) this.#cursor = page.nextCursor;
      this.selection.keepShown();
    } catch (error) {
      this.failure = failureOf(error);
    }
  }

  async #readRows(ids: readonly string[]): Promise<void> {
    for (let i = 0; i < ids.length; i += maxIds) {
      const some = ids.slice(i, i + maxIds);
      for (const id of some) this.#asked.add(id);
      try {
        const rows = await this.#client.history.many({ ids: some });
        const stays = rows.filter(({ deletedAt }) => (deletedAt !== null) === this.choice.deleted);
        for (const row of stays) this.rows.set(row.id, row);
        const kept = stays.map(({ id }) => id);
        this.#drop(newTo(kept, some));
      } finally {
        for (const id of some) this.#asked.delete(id);
      }
    }
  }

  #hearRows(rows: readonly Generation[]): void {
    let isNew = false;
    for (const row of rows) {
      if (this.rows.has(row.id)) this.rows.set(row.id, row);
      else isNew ||= !this.ids.includes(row.id);
    }
    if (isNew) this.#lookAgain();
  }

  /** Rows changed here or in another window: annotated, deleted, put back, compared. Null = any of them. */
  async #hearChanges(ids: readonly string[] | null): Promise<void> {
    const known = ids === null ? [...this.rows.keys()] : ids.filter((id) => this.rows.has(id));
    if (ids === null || known.length < ids.length) this.#lookAgain();
    try {
      await this.#readRows(known);
    } catch (error) {
      this.failure = failureOf(error);
    }
  }

  #drop(gone: readonly string[]): Place[] {
    const { ids, places } = takeOut(this.ids, gone);
    const [first] = places;
    if (first === undefined) return [];
    this.ids = ids;
    this.total -= places.length;
    for (const id of gone) this.rows.delete(id);
    this.selection.forget(gone, first.index);
    return places;
  }

  #take({ items, total, totalExact }: Page): void {
    for (const row of items) this.rows.set(row.id, row);
    this.total = total;
    this.totalExact = totalExact;
    this.news = 0;
  }

  /** Rows far from what is seen are let go; their ids stay. */
  #letGo(from: number, to: number): void {
    if (this.rows.size <= maxRows) return;
    const { chosen, focused } = this.selection;
    const near = this.ids.slice(Math.max(0, from - maxRows / 4), to + maxRows / 4);
    for (const id of newTo(near, [...this.rows.keys()]))
      if (!chosen.has(id) && id !== focused) this.rows.delete(id);
  }
}
