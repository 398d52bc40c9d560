import { toast } from 'svelte-sonner';
import type { Generation } from '#contract/studio/generation.ts';
import { m } from '../../paraglide/messages.js';
import type { StudioState } from '../../state/studio.svelte.ts';
import type { HistoryList } from './history-list.svelte.ts';
import type { Moves, MoveTarget } from './moves.ts';
import { reuseSettings } from './reuse-settings.ts';
import type { ReusablePart } from './reuse.ts';

export type HistoryActions = ReturnType<typeof createActions>;

const undoForMs = 10_000;

/**
 * What can be done with the pictures that are chosen. Failures are shown, not thrown. `onmoved`: rows went or came, and the
 * keyboard stands somewhere else.
 */
export function createActions(studio: StudioState, list: HistoryList, moves: Moves, onmoved: () => void) {
  const chosen = (): Generation[] =>
    list.ids.filter((id) => list.selection.chosen.has(id)).flatMap((id) => list.rows.get(id) ?? []);

  const move = async (ids: readonly string[], to: MoveTarget): Promise<void> => {
    const moved = await studio.attempt(() => moves.move(ids, to));
    if (moved === undefined || moved.count === 0) return;
    const { count } = moved;
    const undo = async (): Promise<void> => {
      await moved.undo();
      onmoved();
    };
    onmoved();
    toast(to === 'bin' ? m.history_removed({ count }) : m.history_restored({ count }), {
      action: { label: m.shell_undo(), onClick: () => void studio.attempt(undo) },
      duration: undoForMs,
    });
  };

  return {
    chosen,
    open: (generation: Generation): void => {
      studio.open('look', generation);
    },
    /** What is being made is not deleted but cancelled, with its own button. */
    remove: async (): Promise<void> => {
      if (list.choice.deleted) return;
      const made = [...list.selection.chosen].filter((id) => {
        const state = list.rows.get(id)?.state;
        return state !== 'queued' && state !== 'running';
      });
      if (made.length > 0) await move(made, 'bin');
    },
    restore: (): Promise<void> => move([...list.selection.chosen], 'gallery'),
    undoLast: async (): Promise<void> => {
      const isUndone = await studio.attempt(() => moves.undoLast());
      if (isUndone !== true) return;
      onmoved();
      toast(m.history_undone());
    },
    /** All of them, unless all are already. */
    toggleFavourite: async (rows: readonly Generation[] = chosen()): Promise<void> => {
      const favourite = rows.some((row) => !row.favourite);
      const ids = rows.filter((row) => row.favourite !== favourite).map(({ id }) => id);
      await studio.attempt(() => list.annotate(ids, () => ({ favourite })));
    },
    tag: async (added: readonly string[]): Promise<void> => {
      const rows = chosen().filter(({ tags }) => added.some((tag) => !tags.includes(tag)));
      await studio.attempt(() =>
        list.annotate(
          rows.map(({ id }) => id),
          ({ tags }) => ({ tags: [...new Set([...tags, ...added])] }),
        ),
      );
      toast(m.history_tagged({ count: rows.length, tag: added.join(', ') }));
    },
    compare: async (): Promise<void> => {
      const [first, second] = chosen();
      if (first === undefined) return;
      if (second === undefined) studio.open('compare', first);
      else await studio.attempt(() => compareTwo(studio, first, second));
    },
    reuse: (generation: Generation, parts?: Iterable<ReusablePart>): void => {
      reuseSettings(studio, generation, parts);
    },
    /** The same request again, as a new picture. */
    makeAgain: async ({ model, request }: Generation): Promise<void> => {
      const made = await studio.attempt(() =>
        studio.client.queue.submit({ modelId: model.id, request: { ...request, count: 1 } }),
      );
      if (made === undefined) return;
      await list.showNews();
      toast(m.history_queued());
    },
    cancel: async ({ id }: Generation): Promise<void> => {
      await studio.attempt(() => studio.client.queue.cancel({ id }));
    },
  };
}

async function compareTwo(studio: StudioState, a: Generation, b: Generation): Promise<void> {
  // Read when it is needed: the history opens without the comparison.
  const comparison = await import('../compare/shared-comparison.ts');
  comparison.compareTwo(studio, a, b);
}
