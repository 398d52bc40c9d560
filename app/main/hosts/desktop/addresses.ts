/** Where the window's page and pictures live, and which addresses outside it leads to. */

export const scheme = 'tessera';
const pageHost = 'app';
export const pageAddress = `${scheme}://${pageHost}/`;

/** Sites that Tessera's own texts point to; every other address stays closed, whoever put it into the page. */
const externalHosts = ['github.com', 'huggingface.co', 'civitai.com', 'arxiv.org'];

export function isOwnAddress(address: string): boolean {
  const url = parse(address);
  return (
    url?.protocol === `${scheme}:` &&
    url.host === pageHost &&
    url.username === '' &&
    url.password === '' &&
    url.port === ''
  );
}

/** The one page there is; pictures and scripts of the same origin are none. */
export function isPageAddress(address: string): boolean {
  return isOwnAddress(address) && ['/', '/index.html'].includes(new URL(address).pathname);
}

/** A file of the studio, or one that the page made itself. */
export function isOwnDownload(address: string): boolean {
  return isOwnAddress(address.replace(/^blob:/, ''));
}

/** The address in its plain form, where it may be handed to the system's browser. */
export function externalAddress(address: string): string | undefined {
  const url = parse(address);
  if (url?.protocol !== 'https:' || url.username !== '' || url.password !== '' || url.port !== '')
    return undefined;
  const isKnown = externalHosts.some((host) => url.hostname === host || url.hostname === `www.${host}`);
  return isKnown ? url.href : undefined;
}

/** Who sends a message: only the page itself may, in the window's main frame. */
export interface SenderFrame {
  readonly url: string;
  readonly parent: unknown;
}

export function isOwnSender(frame: SenderFrame | null): boolean {
  return frame !== null && frame.parent === null && isPageAddress(frame.url);
}

function parse(address: string): URL | undefined {
  return URL.canParse(address) ? new URL(address) : undefined;
}
