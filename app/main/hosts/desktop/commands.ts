import type { WebContents } from 'electron';
import { desktopChannels, type DesktopCommand } from '#contract/desktop.ts';

/** What the page is asked to do. While it is loading, or there is none, what is asked waits. */
export interface Commands {
  send(command: DesktopCommand): void;
  attach(contents: Pick<WebContents, 'send' | 'on'>): void;
  detach(): void;
  pageIsReady(): void;
}

export function createCommands(): Commands {
  const waiting: DesktopCommand[] = [];
  let contents: Pick<WebContents, 'send'> | undefined;
  let isReady = false;
  const flush = (): void => {
    if (contents === undefined || !isReady) return;
    for (const command of waiting.splice(0)) contents.send(desktopChannels.command, command);
  };
  return {
    send: (command) => {
      waiting.push(command);
      flush();
    },
    attach: (next) => {
      contents = next;
      isReady = false;
      next.on('did-start-navigation', ({ isMainFrame, isSameDocument }) => {
        if (isMainFrame && !isSameDocument) isReady = false;
      });
      next.on('render-process-gone', () => {
        isReady = false;
      });
    },
    detach: () => {
      contents = undefined;
      isReady = false;
    },
    pageIsReady: () => {
      isReady = true;
      flush();
    },
  };
}
