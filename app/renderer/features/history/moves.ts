import type { HistoryList } from './history-list.svelte.ts';
import type { Place } from './places.ts';

export type MoveTarget = 'bin' | 'gallery';

const opposite = { bin: 'gallery', gallery: 'bin' } as const;

/** What was deleted or put back on this screen, so that each can be undone, the last one first. */
export class Moves {
  readonly #done: { readonly places: readonly Place[]; readonly to: MoveTarget }[] = [];
  readonly #list: HistoryList;

  constructor(list: HistoryList) {
    this.#list = list;
  }

  /** Gives how many went, and the way back. */
  async move(
    ids: readonly string[],
    to: MoveTarget,
  ): Promise<{ count: number; undo: () => Promise<boolean> }> {
    const places = await this.#list.move(ids, to);
    const move = { places, to };
    if (places.length > 0) this.#done.push(move);
    return { count: places.length, undo: () => this.#undo(move) };
  }

  /** False where there is nothing to undo. */
  async undoLast(): Promise<boolean> {
    const last = this.#done.at(-1);
    return last !== undefined && (await this.#undo(last));
  }

  async #undo(move: { readonly places: readonly Place[]; readonly to: MoveTarget }): Promise<boolean> {
    const at = this.#done.indexOf(move);
    if (at < 0) return false;
    this.#done.splice(at, 1);
    await this.#list.moveBack(move.places, opposite[move.to]);
    return true;
  }
}
