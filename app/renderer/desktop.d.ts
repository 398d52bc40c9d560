/** What the preload script puts on the window: present in the desktop only. */
interface TesseraWindow {
  /** Asks for a MessagePort to the main side; it arrives as a window message `{ type: 'tessera:port' }`. */
  connect(): void;
  /** Where a dropped file lies. */
  pathForFile(file: File): string;
  chooseFolder(): Promise<string | undefined>;
  /** Asks where, and writes there; false when the artist thought better of it. */
  saveFile?(suggestedName: string, bytes: Uint8Array): Promise<boolean>;
  openExternal?(url: string): Promise<void>;
  /** Begins a native drag of this picture's file out of the window. */
  startDrag?(id: string): void;
}
interface Window {
  readonly tessera?: TesseraWindow;
}
