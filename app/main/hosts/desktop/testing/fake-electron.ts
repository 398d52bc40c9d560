import type {
  BrowserWindowConstructorOptions,
  CustomScheme,
  ForkOptions,
  Item,
  MenuItemConstructorOptions,
  MessageBoxOptions,
  NativeTheme,
  NotificationConstructorOptions,
  Rectangle,
  TitleBarOverlayOptions,
  WebContents,
} from 'electron';
import { fork } from 'node:child_process';
import { EventEmitter } from 'node:events';
import { tmpdir } from 'node:os';
import type { MessagePort } from 'node:worker_threads';

/**
 * As much of Electron as the desktop uses, typed by Electron's own declarations: it stands in for `electron` where its
 * program cannot be had. Processes, ports, files and the studio behind it are real; windows and dialogs are remembered.
 */

/** Makes an event whose default can be prevented, and tells whether it was. */
export function preventable<T extends object>(
  details: T,
): T & { preventDefault(): void; prevented: boolean } {
  const event = { ...details, prevented: false, preventDefault: () => void (event.prevented = true) };
  return event;
}

class FakeApp extends EventEmitter {
  readonly isPackaged = false;
  readonly paths = new Map<string, string>();
  readonly done: string[] = [];
  hasLock = true;
  lockData: unknown;
  #ready = Promise.withResolvers<undefined>();
  #isReady = false;
  becomeReady(): void {
    this.#isReady = true;
    this.#ready.resolve(undefined);
  }
  isReady(): boolean {
    return this.#isReady;
  }
  async whenReady(): Promise<void> {
    await this.#ready.promise;
  }
  enableSandbox(): void {
    this.done.push('sandbox');
  }
  setName(name: string): void {
    this.done.push(`name ${name}`);
  }
  setPath(name: string, path: string): void {
    this.paths.set(name, path);
  }
  getPath(name: string): string {
    return this.paths.get(name) ?? tmpdir();
  }
  getVersion(): string {
    return '0.0.0';
  }
  getPreferredSystemLanguages(): string[] {
    return ['ko-KR', 'en-US'];
  }
  requestSingleInstanceLock(data: unknown): boolean {
    this.lockData = data;
    return this.hasLock;
  }
  quit(): void {
    const event = preventable({});
    this.emit('before-quit', event);
    if (!event.prevented) this.done.push('quit');
  }
  exit(code: number): void {
    this.done.push(`exit ${code}`);
  }
}

class FakeWebContents extends EventEmitter {
  readonly sent: unknown[] = [];
  readonly drags: Item[] = [];
  openHandler: Parameters<WebContents['setWindowOpenHandler']>[0] | undefined;
  onSend: (channel: string, message: unknown) => void = () => undefined;
  send(channel: string, message: unknown): void {
    this.sent.push(message);
    this.onSend(channel, message);
  }
  setWindowOpenHandler(handler: Parameters<WebContents['setWindowOpenHandler']>[0]): void {
    this.openHandler = handler;
  }
  startDrag(item: Item): void {
    this.drags.push(item);
  }
  forcefullyCrashRenderer(): void {
    this.emit('render-process-gone', {}, { reason: 'killed', exitCode: 9 });
  }
}

export class FakeBrowserWindow extends EventEmitter {
  static readonly all: FakeBrowserWindow[] = [];
  readonly options: BrowserWindowConstructorOptions;
  readonly webContents = new FakeWebContents();
  readonly loaded: string[] = [];
  readonly done: string[] = [];
  isFocusedNow = true;
  constructor(options: BrowserWindowConstructorOptions) {
    super();
    this.options = options;
    FakeBrowserWindow.all.push(this);
    app.emit('web-contents-created', {}, this.webContents);
  }
  loadURL(url: string): Promise<void> {
    this.loaded.push(url);
    return Promise.resolve();
  }
  show = (): void => void this.done.push('show');
  focus = (): void => void this.done.push('focus');
  restore = (): void => void this.done.push('restore');
  maximize = (): void => void this.done.push('maximize');
  setProgressBar = (share: number): void => void this.done.push(`progress ${share}`);
  setBackgroundColor = (colour: string): void => void this.done.push(`background ${colour}`);
  setTitleBarOverlay = ({ color }: TitleBarOverlayOptions): void =>
    void this.done.push(`overlay ${color ?? ''}`);
  isMinimized = (): boolean => false;
  isMaximized = (): boolean => false;
  isVisible = (): boolean => true;
  isFocused = (): boolean => this.isFocusedNow;
  isDestroyed = (): boolean => false;
  getNormalBounds = (): Rectangle => ({ x: 10, y: 20, width: 1300, height: 850 });
}

type Handler = (event: unknown, input: unknown) => unknown;
class FakeIpcMain extends EventEmitter {
  readonly handlers = new Map<string, Handler>();
  handle(channel: string, handler: Handler): void {
    this.handlers.set(channel, handler);
  }
}

class FakeSession extends EventEmitter {
  allows: ((contents: null, permission: string) => boolean) | undefined;
  request: ((contents: null, permission: string, decide: (allowed: boolean) => void) => void) | undefined;
  spelling = true;
  blocked: readonly string[] = [];
  readonly webRequest = {
    onBeforeRequest: (
      { urls }: { urls: string[] },
      listener: (details: object, decide: (answer: { cancel?: boolean }) => void) => void,
    ): void => {
      listener({}, ({ cancel }) => {
        if (cancel === true) this.blocked = urls;
      });
    },
  };
  setPermissionRequestHandler(handler: FakeSession['request']): void {
    this.request = handler;
  }
  setPermissionCheckHandler(handler: FakeSession['allows']): void {
    this.allows = handler;
  }
  setDevicePermissionHandler(handler: FakeSession['allows']): void {
    if (this.allows === undefined) this.allows = handler;
  }
  setSpellCheckerEnabled(isOn: boolean): void {
    this.spelling = isOn;
  }
}

export const app = new FakeApp();
export const ipcMain = new FakeIpcMain();
export const session = { defaultSession: new FakeSession() };
export const BrowserWindow = FakeBrowserWindow;
export const screen = {
  getAllDisplays: () => [{ workArea: { x: 0, y: 0, width: 1920, height: 1040 } }],
};
const initialTheme: NativeTheme['themeSource'] = 'system';
export const nativeTheme = Object.assign(new EventEmitter(), {
  shouldUseDarkColors: true,
  themeSource: initialTheme,
});
type Answerer = (request: Request) => Promise<Response>;
export const protocol = {
  schemes: [] as CustomScheme[],
  answer: undefined as Answerer | undefined,
  registerSchemesAsPrivileged: (schemes: CustomScheme[]): void => void (protocol.schemes = schemes),
  handle: (_scheme: string, handler: Answerer): void => void (protocol.answer = handler),
};
export const Menu = {
  template: [] as MenuItemConstructorOptions[],
  popups: 0,
  buildFromTemplate: (template: MenuItemConstructorOptions[]) => template,
  setApplicationMenu: (template: MenuItemConstructorOptions[]): void => void (Menu.template = template),
  getApplicationMenu: () => ({ popup: (): void => void (Menu.popups += 1) }),
};
export const dialog = {
  errors: [] as string[],
  messages: [] as string[],
  folder: undefined as string | undefined,
  savePath: undefined as string | undefined,
  response: 0,
  showErrorBox: (title: string, text: string): void => void dialog.errors.push(`${title}: ${text}`),
  showMessageBox: (_window: unknown, { message }: MessageBoxOptions) => {
    dialog.messages.push(message);
    return Promise.resolve({ response: dialog.response, checkboxChecked: false });
  },
  showOpenDialog: () =>
    Promise.resolve({
      canceled: dialog.folder === undefined,
      filePaths: dialog.folder === undefined ? [] : [dialog.folder],
    }),
  showSaveDialog: () =>
    Promise.resolve({ canceled: dialog.savePath === undefined, filePath: dialog.savePath ?? '' }),
};
export const shell = {
  opened: [] as string[],
  openExternal: (url: string): Promise<void> => Promise.resolve(void shell.opened.push(url)),
  openPath: (path: string): Promise<string> => Promise.resolve((shell.opened.push(path), '')),
};
export const nativeImage = { createFromBuffer: (png: Buffer) => ({ png }) };

export class Notification extends EventEmitter {
  static readonly shown: Notification[] = [];
  static isSupported = (): boolean => true;
  readonly options: NotificationConstructorOptions;
  constructor(options: NotificationConstructorOptions) {
    super();
    this.options = options;
  }
  show(): void {
    Notification.shown.push(this);
  }
}

/** A child process of Node, which the engine answers in the same way; like Electron's, it has no pid until it is up. */
class FakeUtilityProcess extends EventEmitter {
  readonly #child;
  #isUp = false;
  constructor(entry: string, options: ForkOptions) {
    super();
    this.#child = fork(entry, [], {
      serialization: 'advanced',
      execArgv: options.execArgv ?? [],
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    this.#child.on('spawn', () => (this.#isUp = true));
    this.#child.on('message', (message) => this.emit('message', message));
    this.#child.on('close', (code) => this.emit('exit', code ?? 137));
  }
  get pid(): number | undefined {
    return this.#isUp ? this.#child.pid : undefined;
  }
  get stderr() {
    return this.#child.stderr;
  }
  postMessage(message: object): void {
    if (this.#child.connected) this.#child.send(message);
  }
  kill(): boolean {
    return this.#child.kill('SIGKILL');
  }
}
export const utilityProcess = {
  started: [] as FakeUtilityProcess[],
  fork: (entry: string, _args: string[], options: ForkOptions) => {
    const child = new FakeUtilityProcess(entry, options);
    utilityProcess.started.push(child);
    return child;
  },
};

/** A port as the main process gets it: events carry `data`, and nothing comes before `start`. */
export class FakeMessagePortMain extends EventEmitter {
  readonly #port: MessagePort;
  constructor(port: MessagePort) {
    super();
    this.#port = port;
    port.on('close', () => this.emit('close'));
  }
  start(): void {
    this.#port.on('message', (data: unknown) => this.emit('message', { data, ports: [] }));
    this.#port.start();
  }
  postMessage(message: unknown): void {
    this.#port.postMessage(message);
  }
  close(): void {
    this.#port.close();
  }
}
