import { createORPCClient } from '@orpc/client';
import { RPCLink as PortLink } from '@orpc/client/message-port';
import { RPCLink as SocketLink } from '@orpc/client/websocket';
import type { ContractRouterClient } from '@orpc/contract';
import { get, readable, writable, type Readable } from 'svelte/store';
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
}

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
  const link = new Promise<Link>((resolve) => {
    const onMessage = (event: MessageEvent<unknown>): void => {
      const port = event.ports[0];
      if (event.source !== window || port === undefined) return;
      window.removeEventListener('message', onMessage);
      const portLink = new PortLink({ port });
      port.start();
      resolve(portLink);
    };
    window.addEventListener('message', onMessage);
    desktop.connect();
  });
  return {
    host: 'desktop',
    client: clientOver(() => link),
    connection: readable<Connection>('connecting', (set) => {
      void link.then(() => {
        set('open');
      });
    }),
    reconnect: () => undefined,
    mediaUrl: (path) => `tessera://${path}`,
    pathForFile: (file) => desktop.pathForFile(file),
    chooseFolder: () => desktop.chooseFolder(),
    saveFile: (name, bytes, type) =>
      desktop.saveFile?.(name, bytes) ?? Promise.resolve(download(name, bytes, type)),
    openExternal: (url) => {
      if (desktop.openExternal === undefined) openExternal(url);
      else void desktop.openExternal(url);
    },
    ...(desktop.startDrag === undefined ? {} : { startDrag: desktop.startDrag.bind(desktop) }),
  };
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
