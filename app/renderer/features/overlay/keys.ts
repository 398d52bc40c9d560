import type { OverlayState } from './overlay-state.svelte.ts';
import { overlayModes } from './paint.ts';

/** Keys of the overlay, wherever the focus is but in a field: [ ] steps, ↑ ↓ blocks, 1–5 modes, Space held hides. */
export function overlayKeys(overlay: OverlayState) {
  const inField = ({ target }: Event): boolean =>
    target instanceof Element &&
    target.closest(
      'input:not([type=range]), textarea, select, [contenteditable], [role=listbox], [role=dialog], [role=menu]',
    ) !== null;
  const onControl = ({ target }: Event): boolean =>
    target instanceof Element && target.closest('button, input, a, [role=slider], [role=radio]') !== null;
  const release = (): void => {
    overlay.hidden = false;
  };
  return {
    release,
    up: (event: KeyboardEvent): void => {
      if (event.key === ' ') release();
    },
    down: (event: KeyboardEvent): void => {
      if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || inField(event)) return;
      const mode = overlayModes[Number(event.key) - 1];
      if (mode !== undefined) overlay.mode = mode;
      else if (event.key === '[') overlay.chooseStep(overlay.stepIndex - 1);
      else if (event.key === ']') overlay.chooseStep(overlay.stepIndex + 1);
      else if (event.key === 'ArrowUp' && !onControl(event)) overlay.chooseBlock(overlay.blockIndex - 1);
      else if (event.key === 'ArrowDown' && !onControl(event)) overlay.chooseBlock(overlay.blockIndex + 1);
      else if (event.key === ' ' && !onControl(event)) overlay.hidden = true;
      else return;
      event.preventDefault();
    },
  };
}
