import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { RPCHandler } from '@orpc/server/ws';
import { WebSocketServer, type WebSocket } from 'ws';
import type { Studio } from '#studio/studio.ts';
import type { Guard } from './guard.ts';

/** A prompt of the largest size is a few hundred kilobytes; models come by PUT. */
export const maxMessageBytes = 4 * 2 ** 20;
const goneAfterMs = 30_000;

export interface Sockets {
  close(): void;
}

/** The studio's procedures over WebSocket, at /rpc. */
export function serveSockets(server: Server, studio: Studio, guard: Guard): Sockets {
  const sockets = new WebSocketServer({ noServer: true, maxPayload: maxMessageBytes });
  const handler = new RPCHandler(studio.router);
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    // A stranger who hangs up in the middle is no failure of ours.
    socket.on('error', () => socket.destroy());
    const refusal = refusalOf(request, guard);
    if (refusal !== undefined) {
      refuse(socket, refusal);
      return;
    }
    sockets.handleUpgrade(request, socket, head, (ws) => {
      // What breaks the protocol or is too large closes the socket; ws has said why to the other end.
      ws.on('error', () => {
        ws.terminate();
      });
      void handler.upgrade(withBackPressure(ws), { context: { trusted: false } });
    });
  });
  const pulse = watchPulse(sockets);
  return {
    close: () => {
      clearInterval(pulse);
      for (const socket of sockets.clients) socket.terminate();
      sockets.close();
    },
  };
}

interface Refusal {
  readonly status: number;
  readonly message: string;
}

function refusalOf(request: IncomingMessage, guard: Guard): Refusal | undefined {
  const { host, origin, cookie, authorization } = request.headers;
  const base = 'http://tessera';
  const path = request.url ?? '/';
  if (!URL.canParse(path, base)) return { status: 400, message: 'This is no address.' };
  const url = new URL(path, base);
  if (url.pathname !== '/rpc') return { status: 403, message: 'There is no socket here.' };
  return guard.refusal({ method: 'GET', url, host, origin, cookie, authorization, upgrade: true });
}

function refuse(socket: Duplex, { status, message }: Refusal): void {
  socket.end(
    `HTTP/1.1 ${status} Refused\r\nConnection: close\r\nContent-Type: text/plain\r\n\r\n${message}`,
    () => socket.destroy(),
  );
}

/** Sends one message after another as the other end takes them: what a sleeping tab misses waits in its event stream, which forgets what is over. */
function withBackPressure(ws: WebSocket) {
  const send = (data: Parameters<WebSocket['send']>[0]): Promise<void> =>
    new Promise((resolve) => {
      // An error means that the socket is closed, which its close event tells.
      ws.send(data, () => {
        resolve();
      });
    });
  return { send, addEventListener: ws.addEventListener.bind(ws) };
}

/** A machine that vanished without a word keeps no socket open for ever. */
function watchPulse(sockets: WebSocketServer): NodeJS.Timeout {
  const silent = new WeakSet<WebSocket>();
  const watched = new WeakSet<WebSocket>();
  return setInterval(() => {
    for (const socket of sockets.clients) {
      if (!watched.has(socket)) {
        watched.add(socket);
        socket.on('pong', () => silent.delete(socket));
      }
      if (silent.has(socket)) socket.terminate();
      silent.add(socket);
      socket.ping();
    }
  }, goneAfterMs).unref();
}
