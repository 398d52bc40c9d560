import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runInNewContext } from 'node:vm';
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { portMessage, type TesseraWindow } from '#contract/desktop.ts';
import { FakeMessagePortMain, ipcMain, type FakeBrowserWindow } from './fake-electron.ts';

const pageFrame = { url: 'tessera://app/', parent: null };

export interface Page {
  readonly tessera: TesseraWindow;
  /** What comes into the page with the message of `connect`. */
  port(): Promise<MessagePort>;
}

/** Runs the built preload script as a sandboxed one is run, its messages going to the window's main side. */
export function loadPreload(root: string, window: FakeBrowserWindow, frame: object = pageFrame): Page {
  const { webContents } = window;
  const event = (ports: readonly unknown[] = []) => ({ senderFrame: frame, sender: webContents, ports });
  let tessera: TesseraWindow | undefined;
  const came = Promise.withResolvers<MessagePort>();
  const listeners = new Map<string, (event: object, message: unknown) => void>();
  webContents.onSend = (channel, message) => listeners.get(channel)?.({}, message);
  const electron = {
    contextBridge: {
      exposeInMainWorld: (name: string, bridge: TesseraWindow): void => {
        if (name === 'tessera') tessera = bridge;
      },
    },
    ipcRenderer: {
      on: (channel: string, listener: (event: object, message: unknown) => void) =>
        listeners.set(channel, listener),
      send: (channel: string, message: unknown) => ipcMain.emit(channel, event(), message),
      postMessage: (channel: string, message: unknown, ports: MessagePort[]) =>
        ipcMain.emit(channel, event(ports.map((port) => new FakeMessagePortMain(port))), message),
      invoke: (channel: string, message: unknown) =>
        Promise.resolve(ipcMain.handlers.get(channel)?.(event(), message)),
    },
    webUtils: { getPathForFile: () => '/dropped/file' },
  };
  runInNewContext(readFileSync(join(root, 'out', 'desktop', 'preload.cjs'), 'utf8'), {
    require: (name: string) => {
      if (name === 'electron') return electron;
      throw new Error(`A sandboxed preload script cannot require ${name}.`);
    },
    process: { platform: 'linux' },
    MessageChannel,
    window: {
      postMessage: ({ type }: { type: string }, _target: string, [port]: MessagePort[]) => {
        if (type === portMessage && port !== undefined) came.resolve(port);
      },
    },
  });
  if (tessera === undefined) throw new Error('The preload script put nothing on the window.');
  return { tessera, port: () => came.promise };
}
