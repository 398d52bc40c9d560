import type { OverlayState } from './overlay-state.svelte.ts';
import { overlayModes } from './paint.ts';

const fields =
  'input:not([type=range], [type=radio]), textarea, select, [contenteditable], [role=listbox], [role=menu]';
/** These do something of their own with Space. */
const pressed = 'button:not([role=radio]), a, input[type=checkbox], [role=menuitem]';
/** And these with arrows. */
const moved = 'input, [role=slider], [role=radio], [role=application]';

/** Keys of the overlay, wherever the focus is but in a field: [ ] steps, ↑ ↓ blocks, 1–5 modes, P plays, Space held hides. */
export function overlayKeys(overlay: OverlayState, root: () => HTMLElement | undefined) {
  const on = ({ target }: Event, selector: string): boolean =>
    target instanceof Element && target.closest(selector) !== null;
  /** A dialog takes the keys of what lies behind it. */
  const isBehind = (): boolean => {
    const dialog = [...document.querySelectorAll('[role=dialog]')].at(-1);
    return dialog !== undefined && !dialog.contains(root() ?? null);
  };
  const release = (): void => {
    overlay.held = false;
  };
  return {
    release,
    up: (event: KeyboardEvent): void => {
      if (event.key === ' ') release();
    },
    down: (event: KeyboardEvent): void => {
      if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
      if (on(event, fields) || isBehind()) return;
      const act = actionFor(overlay, event.key, {
        arrows: !on(event, moved),
        space: !on(event, pressed),
      });
      if (act === undefined) return;
      act();
      event.preventDefault();
    },
  };
}

function actionFor(
  overlay: OverlayState,
  key: string,
  free: { readonly arrows: boolean; readonly space: boolean },
): (() => void) | undefined {
  const mode = overlayModes[Number(key) - 1];
  if (mode !== undefined)
    return () => {
      overlay.chooseMode(mode);
    };
  switch (key) {
    case '[':
    case ']': {
      const by = key === '[' ? -1 : 1;
      return () => {
        overlay.chooseStep(overlay.stepIndex + by);
      };
    }
    case 'ArrowUp':
    case 'ArrowDown': {
      const by = key === 'ArrowUp' ? -1 : 1;
      if (!free.arrows) return undefined;
      return () => {
        overlay.chooseBlock(overlay.blockIndex + by);
      };
    }
    case 'p':
    case 'P':
      return () => {
        overlay.togglePlay();
      };
    case ' ':
      return free.space ? () => (overlay.held = true) : undefined;
    default:
      return undefined;
  }
}
