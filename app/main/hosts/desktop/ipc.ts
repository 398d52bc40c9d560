import { ipcMain } from 'electron';
import type { IpcMainEvent, IpcMainInvokeEvent, MessagePortMain, WebContents } from 'electron';
import * as v from 'valibot';
import {
  desktopChannels,
  DragSchema,
  ExternalAddressSchema,
  SaveFileSchema,
  type Answer,
} from '#contract/desktop.ts';
import { ContractError, toWire } from '#contract/errors.ts';
import { isOwnSender } from './addresses.ts';

/** What the window may ask beside the studio's procedures. Paths come from the system's dialogs, never from the page. */
export interface WindowRequests {
  connect(port: MessagePortMain): void;
  chooseFolder(): Promise<string | undefined>;
  saveFile(file: v.InferOutput<typeof SaveFileSchema>): Promise<boolean>;
  openExternal(address: string): Promise<boolean>;
  startDrag(id: string, contents: WebContents): Promise<void>;
  showMenu(contents: WebContents): void;
  log(error: unknown): void;
}

/** The one user of ipcMain: every message is checked for who sends it and for what it holds. */
export function setupIpc(requests: WindowRequests): void {
  const answer = <S extends v.GenericSchema, T>(
    channel: string,
    schema: S,
    run: (input: v.InferOutput<S>) => Promise<T>,
  ): void => {
    ipcMain.handle(channel, async (event, input: unknown): Promise<Answer<T>> => {
      try {
        assertOwnSender(event, channel);
        return { ok: true, value: await run(check(schema, input, channel)) };
      } catch (error) {
        const wire = toWire(error);
        if (wire.code === 'BUG' || wire.code === 'REQUEST_REFUSED') requests.log(error);
        return { ok: false, error: wire };
      }
    });
  };
  const hear = <S extends v.GenericSchema>(
    channel: string,
    schema: S,
    run: (input: v.InferOutput<S>, event: IpcMainEvent) => void | Promise<void>,
  ): void => {
    ipcMain.on(channel, (event, input: unknown) => {
      void (async () => {
        assertOwnSender(event, channel);
        await run(check(schema, input, channel), event);
      })().catch((error: unknown) => {
        requests.log(error);
      });
    });
  };
  hear(desktopChannels.connect, v.nullish(v.null()), (_input, { ports: [port] }) => {
    if (port !== undefined) requests.connect(port);
  });
  answer(desktopChannels.chooseFolder, v.undefined(), () => requests.chooseFolder());
  answer(desktopChannels.saveFile, SaveFileSchema, (file) => requests.saveFile(file));
  answer(desktopChannels.openExternal, ExternalAddressSchema, (address) => requests.openExternal(address));
  hear(desktopChannels.startDrag, DragSchema, (id, { sender }) => requests.startDrag(id, sender));
  hear(desktopChannels.showMenu, v.undefined(), (_input, { sender }) => {
    requests.showMenu(sender);
  });
}

function assertOwnSender({ senderFrame }: IpcMainEvent | IpcMainInvokeEvent, channel: string): void {
  if (isOwnSender(senderFrame)) return;
  throw new ContractError(
    'REQUEST_REFUSED',
    `${channel} was asked by ${JSON.stringify(senderFrame?.url ?? 'a frame that is gone')}. Only Tessera's own window may ask.`,
  );
}

function check<S extends v.GenericSchema>(schema: S, input: unknown, channel: string): v.InferOutput<S> {
  const parsed = v.safeParse(schema, input);
  if (parsed.success) return parsed.output;
  throw new ContractError('REQUEST_INVALID', `${channel} cannot be answered: ${parsed.issues[0].message}.`);
}
