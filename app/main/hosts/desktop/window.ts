import { BrowserWindow, screen } from 'electron';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pageAddress } from './addresses.ts';
import { profileFolder } from './options.ts';
import { titleBarPx, windowColours } from './theme.ts';
import { placeWindow, readWindowState, smallestWindow, writeWindowState } from './window-state.ts';

export interface WindowOptions {
  readonly home: string;
  readonly root: string;
  readonly isDark: boolean;
  readonly isPackaged: boolean;
  readonly log: (error: unknown) => void;
}

/** Beside Chromium's own things: it is of this machine's screens. */
const stateFile = (home: string) => join(profileFolder(home), 'window.json');
const settleMs = 400;

/** The window, where it was last, in the colour of its page from the first moment on. */
export function createWindow(options: WindowOptions): BrowserWindow {
  const { home, root, isDark, isPackaged, log } = options;
  const place = placeWindow(
    readWindowState(stateFile(home)),
    screen.getAllDisplays().map(({ workArea }) => workArea),
  );
  const { background } = windowColours[isDark ? 'dark' : 'light'];
  const icon = join(root, 'build', 'icons', '512.png');
  const window = new BrowserWindow({
    ...place.size,
    ...(place.position ?? {}),
    minWidth: smallestWindow.width,
    minHeight: smallestWindow.height,
    title: 'Tessera',
    show: false,
    backgroundColor: background,
    titleBarStyle: 'hidden',
    titleBarOverlay: overlayOf(isDark),
    ...(existsSync(icon) ? { icon } : {}),
    webPreferences: {
      preload: join(root, 'out', 'desktop', 'preload.cjs'),
      sandbox: true,
      contextIsolation: true,
      nodeIntegration: false,
      nodeIntegrationInWorker: false,
      nodeIntegrationInSubFrames: false,
      webSecurity: true,
      webviewTag: false,
      navigateOnDragDrop: false,
      spellcheck: false,
      devTools: !isPackaged,
    },
  });
  if (place.isMaximized) window.maximize();
  window.once('ready-to-show', () => {
    window.show();
  });
  keepState(window, home, log);
  window.loadURL(pageAddress).catch(log);
  return window;
}

/** The system's own window buttons, drawn on our header. */
function overlayOf(isDark: boolean): { color: string; symbolColor: string; height: number } {
  const { background, symbols } = windowColours[isDark ? 'dark' : 'light'];
  return { color: background, symbolColor: symbols, height: titleBarPx };
}

export function paintWindow(window: BrowserWindow, isDark: boolean): void {
  window.setBackgroundColor(windowColours[isDark ? 'dark' : 'light'].background);
  // macOS draws its buttons itself.
  if (process.platform !== 'darwin') window.setTitleBarOverlay(overlayOf(isDark));
}

export function focusWindow(window: BrowserWindow): void {
  if (window.isMinimized()) window.restore();
  window.show();
  window.focus();
}

/** Kept when it has settled, and once more as it closes. */
function keepState(window: BrowserWindow, home: string, log: (error: unknown) => void): void {
  let timer: NodeJS.Timeout | undefined;
  const write = (): void => {
    clearTimeout(timer);
    const state = { bounds: window.getNormalBounds(), isMaximized: window.isMaximized() };
    writeWindowState(stateFile(home), state).catch(log);
  };
  const later = (): void => {
    clearTimeout(timer);
    timer = setTimeout(write, settleMs);
  };
  window.on('resize', later);
  window.on('move', later);
  window.on('maximize', later);
  window.on('unmaximize', later);
  window.on('close', write);
  window.on('closed', () => {
    clearTimeout(timer);
  });
}
