import * as v from 'valibot';
import type { WireError } from './errors.ts';

/** What crosses between the desktop's window and its main process beside the studio's own procedures: one list for both. */
export const desktopChannels = {
  /** With a MessagePort, over which the studio's procedures travel. */
  connect: 'studio:connect',
  chooseFolder: 'dialog:choose-folder',
  saveFile: 'dialog:save-file',
  openExternal: 'shell:open-external',
  startDrag: 'drag:start',
  showMenu: 'menu:show',
  /** The other way: what the menu, a notification or the system asks of the window. */
  command: 'window:command',
} as const;

/** The window message that brings the port into the page. */
export const portMessage = 'tessera:port';

export const SaveFileSchema = v.object({
  suggestedName: v.pipe(v.string(), v.minLength(1), v.maxLength(255)),
  bytes: v.instance(Uint8Array),
});
export const ExternalAddressSchema = v.pipe(v.string(), v.maxLength(2048));
export const DragSchema = v.pipe(v.string(), v.uuid());

export const desktopScreens = ['make', 'look', 'compare', 'history', 'lab', 'models', 'settings'] as const;

/** What the page is asked to do. */
export type DesktopCommand =
  | { readonly type: 'make' | 'cancel' | 'shortcuts' }
  | { readonly type: 'open'; readonly screen: (typeof desktopScreens)[number] }
  /** The picture of a notification that was clicked. */
  | { readonly type: 'show'; readonly id: string }
  /** A file that the system or the menu opened. Bytes are null for models, which are used where they lie. */
  | { readonly type: 'file'; readonly name: string; readonly path: string; readonly bytes: Uint8Array | null }
  | { readonly type: 'notice'; readonly notice: 'window-reloaded' | 'main-failed' | 'file-unreadable' };

/** An invoke's answer: Electron does not hand the same Error across. */
export type Answer<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: WireError };

/** What the preload script puts on the window as `tessera`. */
export interface TesseraWindow {
  /** Asks for a line to the main side; its port arrives as a window message `{ type: portMessage }`. */
  connect(): void;
  /** Where a dropped file lies. */
  pathForFile(file: File): string;
  /** The folder chosen in the system's dialog; undefined when the artist thought better of it. */
  chooseFolder(): Promise<Answer<string | undefined>>;
  /** Asks where, and writes there; false when the artist thought better of it. */
  saveFile(suggestedName: string, bytes: Uint8Array): Promise<Answer<boolean>>;
  /** In the system's browser; false for an address that Tessera does not lead to. */
  openExternal(url: string): Promise<Answer<boolean>>;
  /** Begins a native drag of this picture's file out of the window. */
  startDrag(id: string): void;
  /** The menu, where the window's frame does not show it. */
  showMenu?(): void;
  /** One listener; what was asked before it came is told at once. */
  onCommand(listener: (command: DesktopCommand) => void): void;
}
