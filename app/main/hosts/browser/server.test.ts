import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createORPCClient } from '@orpc/client';
import { RPCLink } from '@orpc/client/websocket';
import type { ContractRouterClient } from '@orpc/contract';
import { describe, expect, it, onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import type { StudioContract } from '#contract/studio/api.ts';
import { mediaPaths } from '#contract/studio/media.ts';
import { openStudio, small, temporaryFolder } from '#studio/testing.ts';
import { startServer } from './server.ts';
import { serveStudio } from './serve.ts';

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

/** By hand, because fetch sets Host and Origin itself. */
function ask(
  port: number,
  path: string,
  {
    method = 'GET',
    headers = {},
    body,
  }: { method?: string; headers?: Record<string, string>; body?: string } = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = httpRequest({ host: '127.0.0.1', port, path, method, headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => {
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          text: Buffer.concat(chunks).toString(),
        });
      });
    });
    request.on('error', reject);
    request.end(body);
  });
}

async function start(token?: string) {
  const { studio, client } = await openStudio();
  const rendererFolder = join(temporaryFolder(), 'renderer');
  mkdirSync(join(rendererFolder, 'assets'), { recursive: true });
  writeFileSync(join(rendererFolder, 'index.html'), '<!doctype html><title>Tessera</title>');
  writeFileSync(join(rendererFolder, 'assets', 'main-abc.js'), 'export {};');
  writeFileSync(join(rendererFolder, '..', 'secret.json'), '{}');
  const server = await startServer({ studio, rendererFolder, host: '127.0.0.1', port: 0, token });
  onTestFinished(() => server.close());
  return { port: server.port, client };
}

function socketTo(port: number, headers: Record<string, string>, query = ''): Promise<WebSocket> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/rpc${query}`, { headers });
    onTestFinished(() => {
      socket.terminate();
    });
    socket.once('open', () => {
      resolve(socket);
    });
    socket.once('error', reject);
  });
}

describe('files', () => {
  it('come with their types, a strict policy, and hashed ones for ever', async () => {
    const { port } = await start();
    const page = await ask(port, '/');
    expect(page).toMatchObject({
      status: 200,
      headers: { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' },
    });
    expect(page.headers['content-security-policy']).toContain("script-src 'self'");
    expect((await ask(port, '/assets/main-abc.js')).headers).toMatchObject({
      'content-type': 'text/javascript; charset=utf-8',
      'cache-control': expect.stringContaining('immutable') as string,
    });
  });

  it('outside the renderer are not there', async () => {
    const { port } = await start();
    for (const path of [
      '/../secret.json',
      '/%2e%2e/secret.json',
      '/assets/..%2f..%2fsecret.json',
      '//secret.json',
      '/nothing.js',
      '/media/pictures/../../x.png',
    ])
      expect((await ask(port, path)).status).toBe(404);
  });
});

describe('strangers', () => {
  it('are refused by name, by origin and without a socket of our own page', async () => {
    const { port } = await start();
    const own = `127.0.0.1:${port}`;
    expect((await ask(port, '/', { headers: { host: 'evil.example' } })).status).toBe(403);
    expect(
      (
        await ask(port, '/models/x.safetensors', {
          method: 'PUT',
          headers: { origin: 'http://evil.example' },
          body: 'x',
        })
      ).status,
    ).toBe(403);
    await expect(socketTo(port, { origin: 'http://evil.example' })).rejects.toThrow('403');
    await expect(socketTo(port, {})).rejects.toThrow('403');
    await expect(socketTo(port, { origin: `http://${own}` })).resolves.toBeDefined();
  });

  it('need the token where there is one, and keep it as a cookie', async () => {
    const token = 'a-long-enough-token';
    const { port } = await start(token);
    expect((await ask(port, '/')).status).toBe(401);
    expect((await ask(port, '/?token=a-long-enough-wrong')).status).toBe(401);
    const visit = await ask(port, `/?token=${token}`);
    expect(visit.status).toBe(200);
    const cookie = visit.headers['set-cookie']?.[0]?.split(';')[0] ?? '';
    expect((await ask(port, '/', { headers: { cookie } })).status).toBe(200);
    await expect(socketTo(port, { origin: `http://127.0.0.1:${port}` })).rejects.toThrow('401');
    await expect(socketTo(port, { origin: `http://127.0.0.1:${port}`, cookie })).resolves.toBeDefined();
  });

  it('on the network are not served without one', async () => {
    await expect(serveStudio({ host: '0.0.0.0' })).rejects.toMatchObject({ code: 'REQUEST_INVALID' });
    await expect(serveStudio({ host: '0.0.0.0', token: 'short' })).rejects.toMatchObject({
      code: 'REQUEST_INVALID',
    });
  });
});

describe('the studio over a socket', () => {
  it('makes a picture, tells of it, and serves it', async () => {
    const { port } = await start();
    const socket = await socketTo(port, { origin: `http://127.0.0.1:${port}` });
    const client: ContractRouterClient<StudioContract> = createORPCClient(
      new RPCLink({ websocket: socket as unknown as globalThis.WebSocket }),
    );
    const events = await client.events();
    const { generations } = await client.queue.submit({ modelId: 'demo', request: small });
    const id = generations[0]?.id ?? '';
    for await (const event of events) if (event.type === 'finished') break;
    const picture = await ask(port, `/${mediaPaths.picture(id)}`);
    expect(picture).toMatchObject({ status: 200, headers: { 'content-type': 'image/png' } });
    const shared = await ask(port, `/${mediaPaths.tessera(id)}`);
    expect(shared.headers['content-disposition']).toContain('.tessera');
    await expect(client.models.addFile({ path: '/etc/passwd' })).rejects.toMatchObject({
      data: { code: 'REQUEST_REFUSED' },
    });
    await expect(
      client.queue.submit({ modelId: 'demo', request: { ...small, steps: 0 } }),
    ).rejects.toMatchObject({ data: { code: 'REQUEST_INVALID' } });
  });

  it('refuses an upload that is no checkpoint, with the reason', async () => {
    const { port } = await start();
    const answer = await ask(port, '/models/x.safetensors', {
      method: 'PUT',
      headers: { origin: `http://127.0.0.1:${port}` },
      body: 'nonsense',
    });
    expect(answer.status).toBe(422);
    expect(JSON.parse(answer.text)).toMatchObject({ code: 'MODEL_HEADER_INVALID' });
  });

  it('says when the port is taken', async () => {
    const { port } = await start();
    const { studio } = await openStudio();
    await expect(startServer({ studio, rendererFolder: '.', host: '127.0.0.1', port })).rejects.toMatchObject(
      { code: 'OUTPUT_UNWRITABLE' },
    );
  });
});
