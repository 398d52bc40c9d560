import { outliving } from '../../state/outliving.svelte.ts';
import type { StudioState } from '../../state/studio.svelte.ts';
import { HistoryList } from './history-list.svelte.ts';
import { Moves } from './moves.ts';

interface SharedHistory {
  readonly list: HistoryList;
  readonly moves: Moves;
}

const histories = new WeakMap<StudioState, SharedHistory>();

/** The gallery of a window: filters, place and choice are as they were left when the screen is opened again. */
export function historyOf(studio: StudioState): SharedHistory {
  const known = histories.get(studio);
  if (known !== undefined) return known;
  const list = outliving(() => new HistoryList(studio.client));
  const history = { list, moves: new Moves(list) };
  histories.set(studio, history);
  studio.onEvent((event) => {
    list.hear(event);
  });
  void list.reload();
  return history;
}
