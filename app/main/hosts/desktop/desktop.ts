import { app, Menu, nativeTheme, Notification, protocol, session, shell } from 'electron';
import type { BrowserWindow, MessagePortMain } from 'electron';
import { join } from 'node:path';
import { createRouterClient } from '@orpc/server';
import { RPCHandler } from '@orpc/server/message-port';
import type { DesktopCommand } from '#contract/desktop.ts';
import type { Generation } from '#contract/studio/generation.ts';
import type { Settings } from '#contract/studio/settings.ts';
import type { Studio } from '#studio/studio.ts';
import { externalAddress, scheme } from './addresses.ts';
import { createAnswers } from './answers.ts';
import { createCommands, type Commands } from './commands.ts';
import { chooseFiles, chooseFolder, saveFile } from './dialogs.ts';
import { startDrag } from './drag.ts';
import { setupIpc } from './ipc.ts';
import { logFile } from './log.ts';
import { buildMenu } from './menu.ts';
import { watchProcesses, watchWindow, type MishapOptions } from './mishaps.ts';
import { notificationOf } from './notification.ts';
import { commandOfFile } from './opened-files.ts';
import { guardSession, setupSecurity } from './security.ts';
import { isDark } from './theme.ts';
import { createWindow, focusWindow, paintWindow } from './window.ts';
import { languageOf, wordsOf, type Language } from './words.ts';

export interface DesktopParts {
  readonly studio: Studio;
  readonly home: string;
  /** The folder that holds package.json, out/ and build/. */
  readonly root: string;
  readonly log: (error: unknown) => void;
}

type Client = ReturnType<typeof clientOf>;

/** The desktop around one studio: one window at most, its menu, and what the system asks. */
export class Desktop {
  readonly #parts: DesktopParts;
  readonly #client: Client;
  readonly #commands: Commands = createCommands();
  readonly #notifications = new Set<Notification>();
  readonly #rpc: RPCHandler<{ trusted: boolean }>;
  #settings: Settings;
  #window: BrowserWindow | undefined;

  static async open(parts: DesktopParts): Promise<Desktop> {
    const client = clientOf(parts.studio);
    return new Desktop(parts, client, await client.settings.get());
  }

  private constructor(parts: DesktopParts, client: Client, settings: Settings) {
    this.#parts = parts;
    this.#client = client;
    this.#settings = settings;
    this.#rpc = new RPCHandler(parts.studio.router);
    const { studio, root, log } = parts;
    const openExternal = (address: string): void => void this.#openExternal(address).catch(log);
    guardSession(session.defaultSession);
    setupSecurity(app, { openExternal });
    const rendererFolder = join(root, 'out', 'renderer');
    protocol.handle(scheme, createAnswers({ rendererFolder, media: (path) => studio.media(path), log }));
    watchProcesses(this.#mishaps);
    this.#setupIpc();
    nativeTheme.themeSource = settings.theme;
    nativeTheme.on('updated', () => {
      if (this.#window !== undefined) paintWindow(this.#window, this.#isDark);
    });
    this.#setMenu();
    studio.onFinished((generation) => {
      this.#tellOf(generation);
    });
    void this.#followEvents().catch(log);
  }

  get #language(): Language {
    return languageOf(this.#settings.language, app.getPreferredSystemLanguages());
  }

  get #isDark(): boolean {
    return isDark(this.#settings.theme, nativeTheme.shouldUseDarkColors);
  }

  get #mishaps(): MishapOptions {
    const { log } = this.#parts;
    return {
      log,
      words: () => wordsOf(this.#language),
      showLog: () => {
        this.#showPath(logFile(this.#parts.home));
      },
      notice: (notice) => {
        this.#commands.send({ type: 'notice', notice });
      },
    };
  }

  /** The window comes to the front, and into being where there is none. */
  show(): BrowserWindow {
    if (this.#window !== undefined) {
      focusWindow(this.#window);
      return this.#window;
    }
    const { home, root, log } = this.#parts;
    const window = createWindow({ home, root, log, isDark: this.#isDark, isPackaged: app.isPackaged });
    this.#window = window;
    this.#commands.attach(window.webContents);
    watchWindow(window, this.#mishaps);
    window.on('closed', () => {
      this.#window = undefined;
      this.#commands.detach();
    });
    return window;
  }

  async openFiles(paths: readonly string[]): Promise<void> {
    for (const path of paths) this.#commands.send(await commandOfFile(path));
  }

  #setupIpc(): void {
    const { studio, log } = this.#parts;
    setupIpc({
      log,
      connect: (port) => {
        this.#connect(port);
      },
      chooseFolder: () => chooseFolder(this.show(), wordsOf(this.#language)),
      saveFile: ({ suggestedName, bytes }) => saveFile(this.show(), suggestedName, bytes),
      openExternal: (address) => this.#openExternal(address),
      startDrag: (id, contents) => startDrag(studio, id, contents),
      showMenu: () => {
        if (this.#window !== undefined) Menu.getApplicationMenu()?.popup({ window: this.#window });
      },
    });
  }

  /** The page speaks to the studio over this port, as itself: its paths came from our dialogs and from drops. */
  #connect(port: MessagePortMain): void {
    this.#rpc.upgrade(port, { context: { trusted: true } });
    port.start();
    this.#commands.pageIsReady();
  }

  async #openExternal(given: string): Promise<boolean> {
    const address = externalAddress(given);
    if (address === undefined) return false;
    await shell.openExternal(address);
    return true;
  }

  #setMenu(): void {
    const { home, log } = this.#parts;
    const template = buildMenu({
      language: this.#language,
      platform: process.platform,
      isPackaged: app.isPackaged,
      command: (command) => {
        this.#send(command);
      },
      open: () => {
        const chosen = chooseFiles(this.show(), wordsOf(this.#language));
        void chosen.then((paths) => this.openFiles(paths)).catch(log);
      },
      showLog: () => {
        this.#showPath(logFile(home));
      },
      showData: () => {
        this.#showPath(home);
      },
    });
    Menu.setApplicationMenu(Menu.buildFromTemplate(template));
  }

  #send(command: DesktopCommand): void {
    this.show();
    this.#commands.send(command);
  }

  #showPath(path: string): void {
    const { log } = this.#parts;
    shell
      .openPath(path)
      .then((problem) => {
        if (problem !== '') log(new Error(`${path} could not be shown: ${problem}`));
      })
      .catch(log);
  }

  async #followEvents(): Promise<void> {
    for await (const event of await this.#client.events()) {
      if (event.type === 'settings') this.#takeSettings(event.settings);
      else if (event.type === 'progress') this.#window?.setProgressBar(event.call / Math.max(1, event.calls));
      else if (event.type === 'finished') this.#window?.setProgressBar(-1);
    }
  }

  #takeSettings(settings: Settings): void {
    const languageBefore = this.#language;
    this.#settings = settings;
    // Tells nativeTheme's listeners, which paint the window.
    nativeTheme.themeSource = settings.theme;
    if (this.#language !== languageBefore) this.#setMenu();
  }

  #tellOf(generation: Generation): void {
    const window = this.#window;
    const attention = {
      isFocused: window?.isFocused() ?? false,
      isVisible: (window?.isVisible() ?? false) && window?.isMinimized() === false,
    };
    const words = notificationOf(generation, attention, this.#settings, this.#language);
    if (words === undefined || !Notification.isSupported()) return;
    const notification = new Notification(words);
    // Held until it is gone: a collected one no longer hears its click.
    this.#notifications.add(notification);
    const forget = (): void => void this.#notifications.delete(notification);
    notification.on('close', forget);
    notification.on('failed', forget);
    notification.on('click', () => {
      forget();
      this.#send({ type: 'show', id: generation.id });
    });
    notification.show();
  }
}

function clientOf(studio: Studio) {
  return createRouterClient(studio.router, { context: { trusted: true } });
}
