import { screens } from '../state/screens.ts';
import type { StudioState } from '../state/studio.svelte.ts';
import { makePicture } from './make.ts';
import { screenLoaders } from './screen-loaders.ts';

export interface ShellActions {
  toggleSheet(): void;
  toggleInspector(): void;
  openFile(): void;
}

/** The window's own shortcuts; screens add theirs (steps, blocks, overlay modes, zoom). */
export function createShortcuts(studio: StudioState, actions: ShellActions): (event: KeyboardEvent) => void {
  return (event) => {
    if (event.defaultPrevented || event.isComposing) return;
    const command = event.ctrlKey || event.metaKey;
    const done = command
      ? !event.altKey && actByCommand(studio, event.key, actions)
      : event.altKey
        ? openScreen(studio, event.code)
        : event.key === 'Escape'
          ? cancelRunning(studio)
          : !isTyping(event.target) && act(studio, event.key, actions);
    if (done) event.preventDefault();
  };
}

function actByCommand(studio: StudioState, key: string, actions: ShellActions): boolean {
  switch (key) {
    case 'Enter':
      void makePicture(studio);
      return true;
    case 'o':
      actions.openFile();
      return true;
    case ',':
      studio.open('settings');
      return true;
    default:
      return false;
  }
}

/** Alt+1 … Alt+6, by the place of the key: what Alt types differs from keyboard to keyboard. */
function openScreen(studio: StudioState, code: string): boolean {
  const index = Number(/^Digit([1-7])$/.exec(code)?.[1] ?? Number.NaN) - 1;
  const screen = screens[index];
  if (screen === undefined || screenLoaders[screen] === undefined) return false;
  studio.open(screen);
  return true;
}

function act(studio: StudioState, key: string, actions: ShellActions): boolean {
  switch (key) {
    case '?':
      actions.toggleSheet();
      return true;
    case 'c':
    case 'C':
      if (studio.selected === null || studio.screen === 'compare') return false;
      studio.open('compare');
      return true;
    case 'f':
    case 'F':
      return toggleFavourite(studio);
    case 'i':
    case 'I':
      if (studio.screen !== 'make') return false;
      actions.toggleInspector();
      return true;
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
  void studio.cancel(running.id);
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
