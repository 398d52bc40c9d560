import { isTyping } from '../../shell/shortcuts.ts';
import type { HistoryActions } from './actions.ts';
import type { HistoryList } from './history-list.svelte.ts';

/** What the keys need of the gallery as it is drawn. */
export interface GalleryView {
  columns(): number;
  /** Tiles in sight. */
  page(): number;
  show(place: number): void;
  search(): void;
}

/** The keyboard of the gallery. Where something is typed, or a list or dialog is open, keys are theirs. */
export function createHistoryKeys(
  list: HistoryList,
  actions: HistoryActions,
  view: GalleryView,
): (event: KeyboardEvent) => void {
  return (event) => {
    if (event.defaultPrevented || event.isComposing || event.altKey) return;
    if (isTyping(event.target)) {
      leaveSearch(event, list);
      return;
    }
    if (document.querySelector('[role="dialog"], [role="listbox"], [role="menu"]') !== null) return;
    const isHandled =
      event.ctrlKey || event.metaKey
        ? withControl(event.key.toLowerCase(), list, actions)
        : move(event, list, view) || act(event, list, actions, view);
    if (isHandled) event.preventDefault();
  };
}

/** Esc in the search empties it first, and then goes back to the pictures. */
function leaveSearch(event: KeyboardEvent, list: HistoryList): void {
  const { target, key } = event;
  if (key !== 'Escape' || !(target instanceof HTMLInputElement) || target.type !== 'search') return;
  event.preventDefault();
  if (list.choice.text === '') target.blur();
  else list.type('');
}

function withControl(key: string, list: HistoryList, actions: HistoryActions): boolean {
  if (key === 'a') list.selection.all();
  else if (key === 'z') void actions.undoLast();
  else return false;
  return true;
}

function move(event: KeyboardEvent, list: HistoryList, view: GalleryView): boolean {
  if (!isInGallery(event.target)) return false;
  const by = {
    ArrowLeft: -1,
    ArrowRight: 1,
    ArrowUp: -view.columns(),
    ArrowDown: view.columns(),
    PageUp: -view.page(),
    PageDown: view.page(),
    Home: -Infinity,
    End: Infinity,
  }[event.key];
  if (by === undefined) return false;
  const place = list.selection.step(by, event.shiftKey);
  if (place !== undefined) view.show(place);
  return true;
}

function act(event: KeyboardEvent, list: HistoryList, actions: HistoryActions, view: GalleryView): boolean {
  const { chosen, focused } = list.selection;
  switch (event.key) {
    case '/':
      view.search();
      return true;
    case 'Escape':
      if (chosen.size < 2) return false;
      list.selection.one();
      return true;
    case 'Enter':
      if (!isTile(event.target) || list.shown === undefined) return false;
      actions.open(list.shown);
      return true;
    case ' ':
      if (!isTile(event.target) || focused === null) return false;
      list.selection.choose(focused, 'toggle');
      return true;
    case 'Delete':
    case 'Backspace':
      void actions.remove();
      return true;
    case 'f':
    case 'F':
      void actions.toggleFavourite();
      return true;
    case 'c':
    case 'C':
      void actions.compare();
      return true;
    default:
      return false;
  }
}

/** The pictures, or nothing in particular. */
function isInGallery(target: EventTarget | null): boolean {
  return target === document.body || (target instanceof Element && target.closest('[role="grid"]') !== null);
}

function isTile(target: EventTarget | null): boolean {
  return target === document.body || (target instanceof Element && target.matches('[role="gridcell"]'));
}
