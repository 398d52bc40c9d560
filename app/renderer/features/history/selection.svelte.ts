import { SvelteSet } from 'svelte/reactivity';
import { newTo } from './places.ts';

/** Which tiles are chosen, and the one that the keyboard stands on. */
export class Selection {
  readonly chosen = new SvelteSet<string>();
  focused = $state<string | null>(null);
  /** Where a range begins. */
  #anchor: string | null = null;
  readonly #ids: () => readonly string[];

  constructor(ids: () => readonly string[]) {
    this.#ids = ids;
  }

  /** A click chooses one; with Ctrl it adds or takes away; with Shift all from the last one to this. */
  choose(id: string, how: 'one' | 'toggle' | 'range' = 'one'): void {
    if (how === 'range') {
      this.#replace(this.#between(this.#anchor ?? id, id));
    } else {
      if (how === 'one') this.#replace([id]);
      else if (!this.chosen.delete(id)) this.chosen.add(id);
      this.#anchor = id;
    }
    this.focused = id;
  }

  /** Arrow keys; `by` counts tiles. Gives the place that is reached. */
  step(by: number, extend = false): number | undefined {
    const ids = this.#ids();
    if (ids.length === 0) return undefined;
    const at = this.focused === null ? -1 : ids.indexOf(this.focused);
    const to = at < 0 ? 0 : Math.min(ids.length - 1, Math.max(0, at + by));
    const id = ids[to];
    if (id !== undefined) this.choose(id, extend ? 'range' : 'one');
    return to;
  }

  all(): void {
    this.#replace(this.#ids());
  }

  /** Back to the one that the keyboard stands on. */
  one(): void {
    this.#replace(this.focused === null ? [] : [this.focused]);
    this.#anchor = this.focused;
  }

  /** Rows are gone from the gallery: the keyboard stands on what took the place of the first. */
  forget(gone: readonly string[], place: number): void {
    for (const id of gone) this.chosen.delete(id);
    const ids = this.#ids();
    if (this.focused !== null && !gone.includes(this.focused)) return;
    const next = ids[Math.min(place, ids.length - 1)];
    if (next === undefined) this.clear();
    else this.choose(next);
  }

  /** Other rows are shown: what is not among them is not chosen any more. */
  keepShown(): void {
    const ids = this.#ids();
    for (const id of newTo(ids, [...this.chosen])) this.chosen.delete(id);
    if (this.focused !== null && ids.includes(this.focused)) return;
    const [first] = ids;
    if (first === undefined) this.clear();
    else this.choose(first);
  }

  clear(): void {
    this.#replace([]);
    this.focused = null;
    this.#anchor = null;
  }

  #replace(ids: readonly string[]): void {
    this.chosen.clear();
    for (const id of ids) this.chosen.add(id);
  }

  #between(from: string, to: string): readonly string[] {
    const ids = this.#ids();
    const [a, b] = [ids.indexOf(from), ids.indexOf(to)];
    return a < 0 || b < 0 ? [to] : ids.slice(Math.min(a, b), Math.max(a, b) + 1);
  }
}
