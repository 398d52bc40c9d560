import type { TesseraWindow } from '#contract/desktop.ts';

/** Present in the desktop only: app/preload puts it there. */
declare global {
  interface Window {
    readonly tessera?: TesseraWindow;
  }
}
