import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { Server } from 'node:http';
import { Readable } from 'node:stream';
import { serve } from '@hono/node-server';
import { Hono, type Context } from 'hono';
import { OutputError, StudioError, toWire } from '#contract/errors.ts';
import type { Studio } from '#studio/studio.ts';
import { createGuard, type Guard } from './guard.ts';
import { securityHeaders } from '../page/headers.ts';
import { readStatic } from '../page/static-files.ts';
import { movingOn } from './moving-on.ts';
import { serveSockets } from './sockets.ts';

export interface ServerOptions {
  readonly studio: Studio;
  /** The built renderer. */
  readonly rendererFolder: string;
  readonly host: string;
  /** 0 = any free one. */
  readonly port: number;
  readonly token?: string | undefined;
  /** An upload that stands still for so long is given up. */
  readonly stallMs?: number;
}

export interface RunningServer {
  readonly port: number;
  close(): Promise<void>;
}

const year = 365 * 24 * 60 * 60;
const defaultStallMs = 60_000;

/** Serves the renderer, its pictures and the studio's procedures. Throws OUTPUT_UNWRITABLE where the port is taken. */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const { host, port } = options;
  const guard = createGuard(options);
  const app = createApp(options, guard);
  const server = await listen(app, host, port);
  const sockets = serveSockets(server, options.studio, guard);
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : port,
    close: async () => {
      sockets.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function listen(app: Hono, hostname: string, port: number): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = serve({ fetch: app.fetch, hostname, port }, () => {
      resolve(server);
    }) as Server;
    // A model of some gigabytes may take its time; one that stands still is given up in takeModel.
    server.requestTimeout = 0;
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const taken = cause.code === 'EADDRINUSE';
      const why = taken ? 'another program uses it' : cause.message;
      reject(
        new OutputError(
          'OUTPUT_UNWRITABLE',
          `The server cannot listen on ${hostname}:${port}: ${why}. Give another --port, or 0 for any free one.`,
          { cause },
        ),
      );
    });
  });
}

function createApp({ studio, rendererFolder, stallMs = defaultStallMs }: ServerOptions, guard: Guard): Hono {
  const app = new Hono();
  app.onError((error, c) => {
    const { code, message } = toWire(error);
    return c.json({ code, message }, error instanceof StudioError ? 422 : 500, { ...securityHeaders });
  });
  app.use(async (c, next) => {
    const url = new URL(c.req.url);
    const header = (name: string) => c.req.header(name);
    const refusal = guard.refusal({
      method: c.req.method,
      url,
      host: header('host'),
      origin: header('origin'),
      cookie: header('cookie'),
      authorization: header('authorization'),
      fetchSite: header('sec-fetch-site'),
      fetchMode: header('sec-fetch-mode'),
    });
    for (const [name, value] of Object.entries(securityHeaders)) c.header(name, value);
    if (refusal !== undefined) return c.text(refusal.message, refusal.status);
    const cookie = guard.cookieFor(url);
    if (cookie !== undefined) c.header('Set-Cookie', cookie);
    return next();
  });
  app.get('/media/*', (c) => answerMedia(c, studio));
  app.put('/models/:name', (c) => takeModel(c, studio, stallMs));
  app.get('/*', async (c) => {
    const file = await readStatic(rendererFolder, c.req.path);
    if (file === undefined) return c.text('There is nothing here.', 404);
    c.header('Content-Type', file.type);
    c.header('Cache-Control', file.immutable ? `public, max-age=${year}, immutable` : 'no-store');
    return c.body(new Uint8Array(file.bytes));
  });
  return app;
}

async function answerMedia(c: Context, studio: Studio): Promise<Response> {
  const answer = await studio.media(c.req.path.slice(1));
  if (answer === undefined) return c.text('There is no such picture.', 404);
  c.header('Content-Type', answer.type);
  c.header('Cache-Control', answer.immutable ? `private, max-age=${year}, immutable` : 'no-store');
  if (answer.downloadName !== undefined)
    c.header('Content-Disposition', `attachment; filename="${answer.downloadName}"`);
  if ('bytes' in answer.body) return c.body(new Uint8Array(answer.body.bytes));
  const { file } = answer.body;
  c.header('Content-Length', String((await stat(file)).size));
  return c.body(Readable.toWeb(createReadStream(file)) as ReadableStream);
}

async function takeModel(c: Context, studio: Studio, stallMs: number): Promise<Response> {
  const { body } = c.req.raw;
  if (body === null) return c.json({ code: 'REQUEST_INVALID', message: 'The file is empty.' }, 400);
  try {
    return c.json(await studio.acceptModelUpload(c.req.param('name') ?? '', movingOn(body, stallMs)));
  } catch (error) {
    const { code, message } = toWire(error);
    return c.json({ code, message }, error instanceof StudioError ? 422 : 500);
  }
}
