import { toast } from 'svelte-sonner';
import type { Bridge, BridgeCommand } from '../bridge.ts';
import { m } from '../paraglide/messages.js';
import type { StudioState } from '../state/studio.svelte.ts';
import { makePicture } from './make.ts';

export interface Places {
  readonly openFile: (file: File) => void;
  readonly openSheet: () => void;
}

type Notice = Extract<BridgeCommand, { type: 'notice' }>['notice'];

/** Does what the desktop's menu, its notifications and the system ask of the page. Nothing in a browser. */
export function followDesktop(bridge: Bridge, studio: StudioState, places: Places): void {
  bridge.onCommand?.((command) => {
    obey(command, studio, places);
  });
}

function obey(command: BridgeCommand, studio: StudioState, places: Places): void {
  switch (command.type) {
    case 'make':
      void makePicture(studio);
      break;
    case 'cancel': {
      const { running } = studio;
      if (running !== undefined) void studio.attempt(() => studio.client.queue.cancel({ id: running.id }));
      break;
    }
    case 'open':
      studio.open(command.screen);
      break;
    case 'show':
      void studio.attempt(async () => {
        studio.open('make', await studio.client.history.get({ id: command.id }));
      });
      break;
    case 'shortcuts':
      places.openSheet();
      break;
    case 'file':
      places.openFile(command.file);
      break;
    case 'notice':
      tell(command.notice);
  }
}

function tell(notice: Notice): void {
  const { title, description } = {
    'window-reloaded': {
      title: m.desktop_window_reloaded(),
      description: m.desktop_window_reloaded_detail(),
    },
    'main-failed': { title: m.desktop_main_failed(), description: m.desktop_main_failed_detail() },
    'file-unreadable': {
      title: m.desktop_file_unreadable(),
      description: m.desktop_file_unreadable_detail(),
    },
  }[notice];
  toast.error(title, { description, duration: 12_000 });
}
