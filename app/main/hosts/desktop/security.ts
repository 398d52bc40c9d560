import type { App, Session, WebContents } from 'electron';
import { externalAddress, isOwnDownload, isPageAddress } from './addresses.ts';

export interface Guarded {
  readonly openExternal: (address: string) => void;
}

/** No page but ours, no second window, no view inside it; https addresses of known sites go to the system's browser. */
export function guardContents(contents: WebContents, { openExternal }: Guarded): void {
  const refuseOthers = (details: { readonly url: string; preventDefault(): void }): void => {
    if (!isPageAddress(details.url)) details.preventDefault();
  };
  contents.on('will-navigate', refuseOthers);
  contents.on('will-redirect', refuseOthers);
  contents.on('will-frame-navigate', refuseOthers);
  contents.on('will-attach-webview', (event) => {
    event.preventDefault();
  });
  contents.setWindowOpenHandler(({ url }) => {
    const address = externalAddress(url);
    if (address !== undefined) openExternal(address);
    return { action: 'deny' };
  });
}

/** Whatever contents come to be, they are guarded from their first moment on. */
export function setupSecurity(app: App, guarded: Guarded): void {
  app.on('web-contents-created', (_event, contents) => {
    guardContents(contents, guarded);
  });
}

const network = ['http://*/*', 'https://*/*', 'ws://*/*', 'wss://*/*', 'ftp://*/*', 'file://*/*'];

/** The window asks nothing of the machine and nothing of the network: there is no permission that it needs. */
export function guardSession(session: Session): void {
  session.setPermissionRequestHandler((_contents, _permission, decide) => {
    decide(false);
  });
  session.setPermissionCheckHandler(() => false);
  session.setDevicePermissionHandler(() => false);
  // The system asks where a download goes; only our own begin.
  session.on('will-download', (event, item) => {
    if (!isOwnDownload(item.getURL())) event.preventDefault();
  });
  // A spelling dictionary would be fetched from the network.
  session.setSpellCheckerEnabled(false);
  session.webRequest.onBeforeRequest({ urls: network }, (_details, decide) => {
    decide({ cancel: true });
  });
}
