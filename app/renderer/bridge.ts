import { createORPCClient } from '@orpc/client';
import { RPCLink as PortLink } from '@orpc/client/message-port';
import { RPCLink as SocketLink } from '@orpc/client/websocket';
import type { ContractRouterClient } from '@orpc/contract';
import { get, writable, type Readable } from 'svelte/store';
import { portMessage, type Answer, type DesktopCommand, type TesseraWindow } from '#contract/desktop.ts';
import { fromWire } from '#contract/errors.ts';
import type { StudioContract } from '#contract/studio/api.ts';
import type { ModelEntry } from '#contract/studio/models.ts';
import { uploadModel } from './lib/upload.ts';

/** The way to the main side: the only user of window.tessera and of the WebSocket. */

export type Connection = 'connecting' | 'open' | 'lost';
export type StudioClient = ContractRouterClient<StudioContract>;

export interface Bridge {
  readonly host: 'desktop' | 'browser';
  readonly client: StudioClient;
  readonly connection: Readable<Connection>;
  /** Tries at once instead of at the next moment. */
  reconnect(): void;
  mediaUrl(path: string): string;
  pathForFile?(file: File): string;
  uploadModel?(file: File, onProgress: (share: number) => void, signal?: AbortSignal): Promise<ModelEntry>;
  chooseFolder?(): Promise<string | undefined>;
  saveFile(suggestedName: string, bytes: Uint8Array<ArrayBuffer>, type: string): Promise<boolean>;
  openExternal(url: string): void;
  startDrag?(id: string): void;
  /** The desktop's menu, where the window's frame does not show it. */
  showMenu?(): void;
  /** What the desktop's menu, a notification or the system asks of the page. */
  onCommand?(listener: (command: BridgeCommand) => void): void;
}

export type BridgeCommand =
  Exclude<DesktopCommand, { type: 'file' }> | { readonly type: 'file'; readonly file: File };

type Link = Parameters<typeof createORPCClient<StudioClient>>[0];

export function createBridge(): Bridge {
  const desktop = window.tessera;
  return desktop === undefined ? createBrowserBridge() : createDesktopBridge(desktop);
}

/** A client that outlives its connections: every call goes over the link of now, and waits while there is none. */
function clientOver(link: () => Promise<Link>): StudioClient {
  return createORPCClient<StudioClient>({
    call: async (path, input, options) => (await link()).call(path, input, options),
  });
}

const firstDelayMs = 250;
const longestDelayMs = 5000;

function createBrowserBridge(): Bridge {
  const status = writable<Connection>('connecting');
  const address = new URL('rpc', document.baseURI);
  address.protocol = address.protocol === 'https:' ? 'wss:' : 'ws:';
  address.search = location.search;
  let waiting = Promise.withResolvers<Link>();
  let delayMs = firstDelayMs;
  let timer: ReturnType<typeof setTimeout> | undefined;

  const open = (): void => {
    clearTimeout(timer);
    const socket = new WebSocket(address);
    let wasOpen = false;
    socket.addEventListener('open', () => {
      wasOpen = true;
      delayMs = firstDelayMs;
      waiting.resolve(new SocketLink({ websocket: socket }));
      status.set('open');
    });
    socket.addEventListener('close', () => {
      if (wasOpen) waiting = Promise.withResolvers<Link>();
      status.set('lost');
      timer = setTimeout(open, delayMs);
      delayMs = Math.min(delayMs * 2, longestDelayMs);
    });
  };
  open();
  return {
    host: 'browser',
    client: clientOver(() => waiting.promise),
    connection: status,
    reconnect: () => {
      if (get(status) === 'lost') open();
    },
    mediaUrl: (path) => new URL(path, document.baseURI).href,
    uploadModel,
    saveFile: (name, bytes, type) => Promise.resolve(download(name, bytes, type)),
    openExternal,
  };
}

function createDesktopBridge(desktop: TesseraWindow): Bridge {
  const status = writable<Connection>('connecting');
  let waiting = Promise.withResolvers<Link>();
  window.addEventListener('message', (event: MessageEvent<unknown>) => {
    const port = event.ports[0];
    if (event.source !== window || port === undefined || !isPortMessage(event.data)) return;
    // The main side closes a port only when it ends or begins anew; a call waits for the next one.
    port.addEventListener('close', () => {
      waiting = Promise.withResolvers<Link>();
      status.set('lost');
    });
    waiting.resolve(new PortLink({ port }));
    port.start();
    status.set('open');
  });
  desktop.connect();
  /** A file that the system opened has no path of its own that the page could ask for. */
  const openedPaths = new WeakMap<File, string>();
  return {
    host: 'desktop',
    client: clientOver(() => waiting.promise),
    connection: status,
    reconnect: () => {
      desktop.connect();
    },
    // One origin for page and pictures, so that one content security policy holds in both hosts.
    mediaUrl: (path) => new URL(path, document.baseURI).href,
    pathForFile: (file) => openedPaths.get(file) ?? desktop.pathForFile(file),
    chooseFolder: async () => valueOf(await desktop.chooseFolder()),
    saveFile: async (name, bytes) => valueOf(await desktop.saveFile(name, bytes)),
    openExternal: (url) => {
      void desktop.openExternal(url);
    },
    startDrag: (id) => {
      desktop.startDrag(id);
    },
    ...(desktop.showMenu === undefined ? {} : { showMenu: desktop.showMenu.bind(desktop) }),
    onCommand: (listener) => {
      desktop.onCommand((command) => {
        if (command.type !== 'file') {
          listener(command);
          return;
        }
        const file = new File(command.bytes === null ? [] : [new Uint8Array(command.bytes)], command.name);
        openedPaths.set(file, command.path);
        listener({ type: 'file', file });
      });
    },
  };
}

function isPortMessage(data: unknown): boolean {
  return typeof data === 'object' && data !== null && 'type' in data && data.type === portMessage;
}

function valueOf<T>(answer: Answer<T>): T {
  if (answer.ok) return answer.value;
  throw fromWire(answer.error);
}

function openExternal(url: string): void {
  window.open(url, '_blank', 'noopener,noreferrer');
}

function download(name: string, bytes: Uint8Array<ArrayBuffer>, type: string): boolean {
  const url = URL.createObjectURL(new Blob([bytes], { type }));
  const anchor = document.createElement('a');
  anchor.href = url;
  anchor.download = name;
  anchor.click();
  // The browser reads the address after this task.
  setTimeout(() => {
    URL.revokeObjectURL(url);
  }, 60_000);
  return true;
}
