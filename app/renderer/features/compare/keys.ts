import { isTyping } from '../../shell/shortcuts.ts';
import type { PictureView } from '../../state/picture-view.svelte.ts';
import { viewModes, type Comparison } from './comparison.svelte.ts';

/** Which of the two alone is shown, while its key or its name is held. */
export type Held = 'a' | 'b' | null;

/** A and B hold, X swaps, [ and ] go through the pictures, 1–4 change the view, + − 0 the zoom. */
export function createKeys(comparison: Comparison, view: PictureView, hold: (held: Held) => void) {
  const act = (key: string): boolean => {
    const mode = viewModes[Number(key) - 1];
    if (mode !== undefined) comparison.view = mode;
    else if (key === 'a' || key === 'b') hold(key);
    else if (key === 'x') comparison.swap();
    else if (key === '[') comparison.step(-1);
    else if (key === ']') comparison.step(1);
    else if (key === '+' || key === '=') view.zoomBy(1.25);
    else if (key === '-') view.zoomBy(0.8);
    else if (key === '0') view.fit();
    else return false;
    return true;
  };
  return {
    down: (event: KeyboardEvent): void => {
      const { target } = event;
      if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || isTyping(target))
        return;
      if (target instanceof Element && target.closest('[role=dialog], [role=listbox]') !== null) return;
      if (act(event.key.toLowerCase())) event.preventDefault();
    },
    up: ({ key }: KeyboardEvent): void => {
      if (key.toLowerCase() === 'a' || key.toLowerCase() === 'b') hold(null);
    },
  };
}
