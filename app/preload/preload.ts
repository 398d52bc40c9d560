import { contextBridge, ipcRenderer, webUtils } from 'electron';
import { desktopChannels, portMessage } from '#contract/desktop.ts';
import type { DesktopCommand, TesseraWindow } from '#contract/desktop.ts';

/** The bridge of the sandboxed window: eight verbs, nothing of Electron itself. Bundled to one CommonJS file. */

const waiting: DesktopCommand[] = [];
let listener: ((command: DesktopCommand) => void) | undefined;
ipcRenderer.on(desktopChannels.command, (_event, command: DesktopCommand) => {
  if (listener === undefined) waiting.push(command);
  else listener(command);
});

const bridge: TesseraWindow = {
  connect: () => {
    const { port1, port2 } = new MessageChannel();
    ipcRenderer.postMessage(desktopChannels.connect, null, [port1]);
    // Only this window hears its own messages; a custom scheme's origin is not one that postMessage could name everywhere.
    window.postMessage({ type: portMessage }, '*', [port2]);
  },
  pathForFile: (file) => webUtils.getPathForFile(file),
  chooseFolder: () => ipcRenderer.invoke(desktopChannels.chooseFolder),
  saveFile: (suggestedName, bytes) => ipcRenderer.invoke(desktopChannels.saveFile, { suggestedName, bytes }),
  openExternal: (url) => ipcRenderer.invoke(desktopChannels.openExternal, url),
  startDrag: (id) => {
    ipcRenderer.send(desktopChannels.startDrag, id);
  },
  onCommand: (next) => {
    listener = next;
    for (const command of waiting.splice(0)) next(command);
  },
  // macOS has its menu at the top of the screen.
  ...(process.platform === 'darwin'
    ? {}
    : {
        showMenu: () => {
          ipcRenderer.send(desktopChannels.showMenu);
        },
      }),
};

contextBridge.exposeInMainWorld('tessera', bridge);
