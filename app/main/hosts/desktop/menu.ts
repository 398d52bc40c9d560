import type { MenuItemConstructorOptions } from 'electron';
import { desktopScreens, type DesktopCommand } from '#contract/desktop.ts';
import { wordsOf, type Language, type Words } from './words.ts';

export interface MenuOptions {
  readonly language: Language;
  readonly platform: NodeJS.Platform;
  /** Reloading and the developer tools are for those who build Tessera. */
  readonly isPackaged: boolean;
  readonly command: (command: DesktopCommand) => void;
  readonly open: () => void;
  readonly showLog: () => void;
  readonly showData: () => void;
}

const separator: MenuItemConstructorOptions = { type: 'separator' };

/** The page answers these keys itself, so they are only shown; macOS gives a key to the page before the menu anyway. */
const shownOnly = { registerAccelerator: false } as const;

export function buildMenu(options: MenuOptions): MenuItemConstructorOptions[] {
  const words = wordsOf(options.language);
  const isMac = options.platform === 'darwin';
  return [
    ...(isMac ? [appMenu(words, options)] : []),
    fileMenu(words, options, isMac),
    editMenu(words),
    viewMenu(words, options),
    windowMenu(words, isMac),
    helpMenu(words, options, isMac),
  ];
}

function settingsItem(words: Words, { command }: MenuOptions): MenuItemConstructorOptions {
  return {
    label: words.settings,
    accelerator: 'CmdOrCtrl+,',
    ...shownOnly,
    click: () => {
      command({ type: 'open', screen: 'settings' });
    },
  };
}

function appMenu(words: Words, options: MenuOptions): MenuItemConstructorOptions {
  return {
    label: 'Tessera',
    submenu: [
      { label: words.about, role: 'about' },
      separator,
      settingsItem(words, options),
      separator,
      { label: words.services, role: 'services' },
      separator,
      { label: words.hide, role: 'hide' },
      { label: words.hideOthers, role: 'hideOthers' },
      { label: words.showAll, role: 'unhide' },
      separator,
      { label: words.quit, role: 'quit' },
    ],
  };
}

function fileMenu(words: Words, options: MenuOptions, isMac: boolean): MenuItemConstructorOptions {
  const { command, open } = options;
  return {
    label: words.file,
    submenu: [
      {
        label: words.make,
        accelerator: 'CmdOrCtrl+Enter',
        ...shownOnly,
        click: () => {
          command({ type: 'make' });
        },
      },
      {
        label: words.cancel,
        click: () => {
          command({ type: 'cancel' });
        },
      },
      separator,
      { label: words.open, accelerator: 'CmdOrCtrl+O', ...shownOnly, click: open },
      separator,
      ...(isMac
        ? [{ label: words.closeWindow, role: 'close' } as const]
        : [settingsItem(words, options), separator, { label: words.quit, role: 'quit' } as const]),
    ],
  };
}

function editMenu(words: Words): MenuItemConstructorOptions {
  return {
    label: words.edit,
    submenu: [
      { label: words.undo, role: 'undo' },
      { label: words.redo, role: 'redo' },
      separator,
      { label: words.cut, role: 'cut' },
      { label: words.copy, role: 'copy' },
      { label: words.paste, role: 'paste' },
      { label: words.selectAll, role: 'selectAll' },
    ],
  };
}

function viewMenu(words: Words, { command, isPackaged }: MenuOptions): MenuItemConstructorOptions {
  const names: Readonly<Record<(typeof desktopScreens)[number], string>> = {
    make: words.screenMake,
    look: words.screenLook,
    compare: words.screenCompare,
    history: words.screenHistory,
    lab: words.screenLab,
    models: words.screenModels,
    settings: words.settings,
  };
  const screens = desktopScreens.filter((screen) => screen !== 'settings');
  return {
    label: words.view,
    submenu: [
      ...screens.map((screen, i) => ({
        label: names[screen],
        accelerator: `Alt+${i + 1}`,
        ...shownOnly,
        click: () => {
          command({ type: 'open', screen });
        },
      })),
      separator,
      { label: words.actualSize, role: 'resetZoom' },
      { label: words.zoomIn, role: 'zoomIn' },
      { label: words.zoomOut, role: 'zoomOut' },
      separator,
      { label: words.fullScreen, role: 'togglefullscreen' },
      ...(isPackaged
        ? []
        : [
            separator,
            { label: words.reload, role: 'reload' } as const,
            { label: words.developerTools, role: 'toggleDevTools' } as const,
          ]),
    ],
  };
}

function windowMenu(words: Words, isMac: boolean): MenuItemConstructorOptions {
  return {
    label: words.window,
    submenu: [
      { label: words.minimize, role: 'minimize' },
      ...(isMac
        ? [
            { label: words.zoom, role: 'zoom' } as const,
            separator,
            { label: words.front, role: 'front' } as const,
          ]
        : [{ label: words.closeWindow, role: 'close' } as const]),
    ],
  };
}

function helpMenu(words: Words, options: MenuOptions, isMac: boolean): MenuItemConstructorOptions {
  const { command, showLog, showData } = options;
  return {
    label: words.help,
    role: 'help',
    submenu: [
      {
        label: words.shortcuts,
        click: () => {
          command({ type: 'shortcuts' });
        },
      },
      separator,
      { label: words.showLog, click: showLog },
      { label: words.showData, click: showData },
      ...(isMac ? [] : [separator, { label: words.about, role: 'about' } as const]),
    ],
  };
}
