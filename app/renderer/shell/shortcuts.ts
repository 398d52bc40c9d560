import type { StudioState } from '../state/studio.svelte.ts';
import { makePicture } from './make.ts';

/** The window's own shortcuts; screens add theirs (steps, blocks, overlay modes). */
export function createShortcuts(
  studio: StudioState,
  toggleSheet: () => void,
): (event: KeyboardEvent) => void {
  return (event) => {
    if (event.defaultPrevented || event.isComposing) return;
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      void makePicture(studio);
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
    if (act(studio, event.key, toggleSheet)) event.preventDefault();
  };
}

function act(studio: StudioState, key: string, toggleSheet: () => void): boolean {
  switch (key) {
    case 'Escape':
      return cancelRunning(studio);
    case '?':
      toggleSheet();
      return true;
    case 'c':
    case 'C':
      if (studio.selected === null || studio.screen === 'compare') return false;
      studio.open('compare');
      return true;
    case 'f':
    case 'F':
      return toggleFavourite(studio);
    case '/':
      if (studio.screen === 'history') return false;
      studio.open('history');
      return true;
    default:
      return false;
  }
}

/** Esc closes what is open first; only then does it cancel. */
function cancelRunning(studio: StudioState): boolean {
  const { running } = studio;
  if (running === undefined || document.querySelector('[role="dialog"], [role="listbox"]') !== null)
    return false;
  void studio.attempt(() => studio.client.queue.cancel({ id: running.id }));
  return true;
}

function toggleFavourite(studio: StudioState): boolean {
  const { selected } = studio;
  if (selected?.state !== 'done' || (studio.screen !== 'make' && studio.screen !== 'look')) return false;
  void studio.attempt(() =>
    studio.client.history.annotate({ id: selected.id, annotation: { favourite: !selected.favourite } }),
  );
  return true;
}

export function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target.isContentEditable || target instanceof HTMLTextAreaElement) return true;
  return (
    target instanceof HTMLInputElement && !['checkbox', 'radio', 'range', 'button'].includes(target.type)
  );
}
