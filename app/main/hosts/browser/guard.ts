import { createHash, timingSafeEqual } from 'node:crypto';
import { isIP } from 'node:net';

/** Who may speak to the server. A page of another origin, or a name that was made to point here, may not. */
export interface Guard {
  /** Undefined = let in; else why not. */
  refusal(request: GuardedRequest): { status: 401 | 403; message: string } | undefined;
  /** The cookie that a visit with the right `?token=` gets. */
  cookieFor(url: URL): string | undefined;
}

export interface GuardedRequest {
  readonly method: string;
  readonly url: URL;
  readonly host: string | undefined;
  readonly origin: string | undefined;
  readonly cookie: string | undefined;
  readonly authorization: string | undefined;
  /** Sec-Fetch-Site and Sec-Fetch-Mode, which browsers alone send and no page can forge. */
  readonly fetchSite?: string | undefined;
  readonly fetchMode?: string | undefined;
  /** A WebSocket is a change of state whatever its method. */
  readonly upgrade?: boolean;
}

const loopback = new Set(['localhost', '127.0.0.1', '[::1]']);
const cookieName = 'tessera_token';
const harmless = new Set(['GET', 'HEAD']);

export function isLoopback(host: string): boolean {
  return loopback.has(host) || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}

export function createGuard({ host, token }: { host: string; token?: string | undefined }): Guard {
  const isAllowedName = (name: string): boolean =>
    loopback.has(name) || name === host || (token !== undefined && isIP(name.replaceAll(/[[\]]/g, '')) !== 0);
  return {
    refusal: (request) => {
      const { url, host: given, origin, cookie, authorization, upgrade = false } = request;
      const name = hostName(given);
      if (name === undefined || !isAllowedName(name))
        return {
          status: 403,
          message: `This server is not called ${JSON.stringify(given ?? '')}. Open the address that it printed.`,
        };
      // A page always names its origin when it opens a socket.
      const isForeign = origin === undefined ? upgrade : hostOf(origin) !== given;
      if (isForeign || isEmbeddedElsewhere(request))
        return {
          status: 403,
          message: `A page of ${origin ?? 'another origin'} may not use this server. Open the address that it printed.`,
        };
      if (token === undefined) return undefined;
      const shown = [
        url.searchParams.get('token'),
        cookieValue(cookie),
        authorization?.replace(/^Bearer /, ''),
      ];
      return shown.some((each) => each !== null && each !== undefined && isEqual(each, token))
        ? undefined
        : {
            status: 401,
            message:
              'This server wants its token: open the whole address that it printed, with ?token= in it.',
          };
    },
    cookieFor: (url) => {
      const shown = url.searchParams.get('token');
      return token !== undefined && shown !== null && isEqual(shown, token)
        ? `${cookieName}=${encodeURIComponent(token)}; HttpOnly; SameSite=Strict; Path=/`
        : undefined;
    },
  };
}

/** A picture or a script of ours in somebody else's page; following a link to us is no such thing. */
function isEmbeddedElsewhere({ method, fetchSite, fetchMode }: GuardedRequest): boolean {
  const isOurs = fetchSite === undefined || fetchSite === 'same-origin' || fetchSite === 'none';
  return !isOurs && !(fetchMode === 'navigate' && harmless.has(method));
}

function hostName(host: string | undefined): string | undefined {
  return /^(\[[\da-f:.]+\]|[\w.-]+)(?::\d+)?$/i.exec(host ?? '')?.[1]?.toLowerCase();
}

function hostOf(origin: string): string | undefined {
  return URL.canParse(origin) ? new URL(origin).host : undefined;
}

function cookieValue(cookie: string | undefined): string | undefined {
  const found = (cookie ?? '')
    .split(';')
    .map((pair) => pair.trim().split('='))
    .find(([name]) => name === cookieName);
  try {
    return found?.[1] === undefined ? undefined : decodeURIComponent(found[1]);
  } catch {
    // Not written by us: no token.
    return undefined;
  }
}

/** In constant time, whatever the lengths. */
function isEqual(a: string, b: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}
