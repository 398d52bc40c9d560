import { readdirSync } from 'node:fs';
import { once } from 'node:events';
import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { expect, describe, it, onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import { noMerging } from '#contract/request.ts';
import { openStudio, temporaryFolder } from '#studio/testing.ts';
import { startServer } from './server.ts';

async function start(stallMs?: number) {
  const dataFolder = temporaryFolder();
  const { studio, client } = await openStudio({ dataFolder });
  const rendererFolder = temporaryFolder();
  const server = await startServer({
    ...{ studio, rendererFolder, host: '127.0.0.1', port: 0 },
    ...(stallMs === undefined ? {} : { stallMs }),
  });
  let closed = false;
  const close = async (): Promise<void> => {
    if (!closed) await server.close();
    closed = true;
  };
  onTestFinished(close);
  const { port } = server;
  const modelFiles = (): string[] =>
    readdirSync(dataFolder, { recursive: true })
      .map(String)
      .filter((name) => /^models\//.test(name));
  return { port, studio, client, close, modelFiles };
}

/** Bytes as they are, to a socket; what came back before it was closed. */
async function raw(port: number, text: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  let answer = '';
  socket.on('data', (chunk: Buffer) => (answer += chunk.toString()));
  socket.on('error', () => undefined);
  socket.write(text);
  await Promise.race([once(socket, 'close'), wait(700)]);
  socket.destroy();
  return answer;
}

async function socketTo(port: number): Promise<WebSocket> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/rpc`, { origin: `http://127.0.0.1:${port}` });
  onTestFinished(() => {
    socket.terminate();
  });
  socket.on('error', () => undefined);
  await once(socket, 'open');
  return socket;
}

const put = (port: number, name: string) =>
  httpRequest({
    host: '127.0.0.1',
    port,
    method: 'PUT',
    path: `/models/${name}`,
    headers: { 'content-length': 1e9 },
  });

async function isAlive(port: number): Promise<boolean> {
  const answer = await fetch(`http://127.0.0.1:${port}/nothing`);
  return answer.status === 404 && answer.headers.get('x-content-type-options') === 'nosniff';
}

describe('the server lives on after', () => {
  const upgrade = (path: string) =>
    `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nOrigin: http://127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n`;

  it.each([
    ['a socket at an address that is none', upgrade('//[')],
    ['a socket elsewhere', upgrade('/other')],
    [
      'a cookie that cannot be read',
      upgrade('/rpc').replace('\r\n\r\n', '\r\nCookie: tessera_token=%E0%A4\r\n\r\n'),
    ],
    ['a broken upgrade', upgrade('/rpc').replace('Version: 13', 'Version: 99')],
    ['a broken frame', `${upgrade('/rpc')}\xff\xff\xff\xff`],
    ['no HTTP at all', '\x16\x03\x01garbage\r\n\r\n'],
    [
      'an address that climbs',
      'GET /media/pictures/../../../etc/passwd HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n',
    ],
    [
      'an absolute address',
      'GET http://evil.example/ HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n',
    ],
    [
      'a name with a NUL',
      'PUT /models/a%00.safetensors HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1\r\nConnection: close\r\n\r\nx',
    ],
    [
      'a name that climbs',
      'PUT /models/..%2f..%2fa.safetensors HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1\r\nConnection: close\r\n\r\nx',
    ],
  ])('%s', async (_, text) => {
    const { port, modelFiles } = await start();
    expect(await raw(port, text)).not.toMatch(/HTTP\/1.1 [25]0[01]/);
    expect(await isAlive(port)).toBe(true);
    expect(modelFiles()).toEqual([]);
  });

  it('messages that are no call, or too large to read', async () => {
    const { port } = await start();
    for (const message of [
      '',
      '{',
      '[]',
      '{"i":1}',
      Buffer.from([0xff, 0, 1]),
      '{"i":1,"p":{"u":"http://[","b":1}}',
    ]) {
      const socket = await socketTo(port);
      socket.send(message);
      await wait(20);
      socket.terminate();
    }
    const socket = await socketTo(port);
    socket.send(Buffer.alloc(8 * 2 ** 20));
    const [code] = (await once(socket, 'close')) as [number];
    expect([1006, 1009]).toContain(code);
    expect(await isAlive(port)).toBe(true);
  });

  it('a frame that says it holds 1 GB, which is refused before it comes', async () => {
    const { port } = await start();
    const header = Buffer.from([0x82, 0xff, 0, 0, 0, 0, 0x40, 0, 0, 0, 1, 2, 3, 4]).toString('latin1');
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => undefined);
    socket.on('data', () => undefined);
    socket.write(upgrade('/rpc').replaceAll('127.0.0.1', `127.0.0.1:${port}`) + header, 'latin1');
    await once(socket, 'close');
    expect(await isAlive(port)).toBe(true);
  });
});

describe('an upload', () => {
  it('that is broken off leaves nothing', async () => {
    const { port, modelFiles } = await start();
    const upload = put(port, 'a.safetensors');
    upload.on('error', () => undefined);
    upload.write(Buffer.alloc(100_000));
    await expect.poll(modelFiles).toEqual(['models/a.safetensors.part']);
    upload.destroy();
    await expect.poll(modelFiles).toEqual([]);
  });

  it('that stands still is given up, and leaves nothing', async () => {
    const { port, modelFiles } = await start(200);
    const upload = put(port, 'a.safetensors');
    upload.on('error', () => undefined);
    upload.write(Buffer.alloc(1000));
    const [response] = (await once(upload, 'response')) as [{ statusCode: number; resume(): void }];
    expect(response.statusCode).toBe(422);
    response.resume();
    expect(modelFiles()).toEqual([]);
    upload.destroy();
  });
});

it('closes at once while pages are open and listen', async () => {
  const { port, close } = await start();
  const socket = await socketTo(port);
  socket.send(JSON.stringify({ i: '1', p: { u: '/events', b: {} } }));
  await once(socket, 'message');
  const gone = once(socket, 'close');
  await close();
  await gone;
});

describe('a window that sleeps', () => {
  it('is sent what it can take, and the newest of the rest when it wakes', async () => {
    const { port, client } = await start();
    const socket = await socketTo(port);
    socket.send(JSON.stringify({ i: '1', p: { u: '/events', b: {} } }));
    await once(socket, 'message');
    socket.pause();
    const draft = {
      prompt: 'x'.repeat(90_000),
      negativePrompt: 'y'.repeat(90_000),
      modelId: null,
      presetId: null,
      seed: null,
    };
    const rest = {
      widthPx: 64,
      heightPx: 64,
      steps: 1,
      scheduler: 'euler',
      guidanceScale: 1,
      merging: noMerging,
    };
    for (let count = 1; count <= 300; count++)
      await client.settings.update({ draft: { ...draft, ...rest, count } });
    let bytes = 0;
    // Others may come after it: where pictures are made is still being found out.
    let cameNewest = false;
    socket.on('message', (data: Buffer) => {
      bytes += data.length;
      cameNewest ||= data.includes('"count":300');
    });
    socket.resume();
    await expect.poll(() => cameNewest, { timeout: 20_000 }).toBe(true);
    // 54 MB were told; what lay in the system's buffers came, and then the newest.
    expect(bytes).toBeLessThan(20e6);
  });

  it('that is gone in the middle of a call disturbs no other', async () => {
    const { port, client } = await start();
    const socket = await socketTo(port);
    for (const path of ['/models/list', '/events', '/history/facets'])
      socket.send(JSON.stringify({ i: path, p: { u: path, b: {} } }));
    socket.terminate();
    expect((await client.models.list()).models).not.toEqual([]);
    expect(await isAlive(port)).toBe(true);
  });
});
