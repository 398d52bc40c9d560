import { existsSync, readdirSync, readFileSync, rmSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createORPCClient } from '@orpc/client';
import { RPCLink } from '@orpc/client/message-port';
import type { ContractRouterClient } from '@orpc/contract';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { StudioContract } from '#contract/studio/api.ts';
import type { StudioEvent } from '#contract/studio/events.ts';
import { mediaPaths } from '#contract/studio/media.ts';
import { preloadBuild, runBuild } from '#main/start/builds.ts';
import { small } from '#studio/testing.ts';
import * as electron from './testing/fake-electron.ts';
import { loadPreload, type Page } from './testing/preload.ts';

vi.mock('electron', () => import('./testing/fake-electron.ts'));

/** The whole main process, as Electron would run it, with the built preload script and a real studio and engine. */

const root = join(import.meta.dirname, '..', '..', '..', '..');
const home = mkdtempSync(join(tmpdir(), 'tessera-desktop-'));
const argvBefore = process.argv;
let window: electron.FakeBrowserWindow;
let page: Page;
let client: ContractRouterClient<StudioContract>;
let events: StudioEvent[];

const until = <T>(find: () => T | undefined) => vi.waitUntil(() => find(), { timeout: 60_000, interval: 20 });

beforeAll(async () => {
  await runBuild(root, preloadBuild);
  process.argv = ['electron', root, `--home=${home}`];
  await import('./main.ts');
  electron.app.becomeReady();
  window = await until(() => electron.FakeBrowserWindow.all[0]);
  page = loadPreload(root, window);
  page.tessera.connect();
  client = createORPCClient(new RPCLink({ port: await page.port() }));
  events = [];
  void (async () => {
    for await (const event of await client.events()) events.push(event);
  })().catch(() => undefined);
});

afterAll(() => {
  process.argv = argvBefore;
  rmSync(home, { recursive: true, force: true });
});

describe('the window', () => {
  test('is sandboxed, isolated, and knows nothing of Node', () => {
    expect(window.options.webPreferences).toMatchObject({
      sandbox: true,
      contextIsolation: true,
      nodeIntegration: false,
      nodeIntegrationInWorker: false,
      nodeIntegrationInSubFrames: false,
      webSecurity: true,
      webviewTag: false,
      preload: join(root, 'out', 'desktop', 'preload.cjs'),
    });
    expect(electron.app.done).toContain('sandbox');
    expect(electron.app.paths.get('userData')).toBe(join(home, 'desktop'));
  });

  test('loads the page of its own scheme, in its colour, shown when it can be seen', () => {
    expect(window.loaded).toEqual(['tessera://app/']);
    expect(window.options).toMatchObject({
      show: false,
      backgroundColor: '#0b0d11',
      titleBarStyle: 'hidden',
    });
    expect(electron.protocol.schemes).toEqual([
      {
        scheme: 'tessera',
        privileges: { standard: true, secure: true, supportFetchAPI: true, stream: true, codeCache: true },
      },
    ]);
    window.emit('ready-to-show');
    expect(window.done).toContain('show');
  });

  test('goes nowhere else, opens nothing, holds no other view', () => {
    for (const name of ['will-navigate', 'will-redirect', 'will-frame-navigate']) {
      const away = electron.preventable({ url: 'https://evil.example/' });
      window.webContents.emit(name, away);
      expect(away.prevented, name).toBe(true);
      const own = electron.preventable({ url: 'tessera://app/' });
      window.webContents.emit(name, own);
      expect(own.prevented, name).toBe(false);
    }
    const view = electron.preventable({});
    window.webContents.emit('will-attach-webview', view);
    expect(view.prevented).toBe(true);
    const open = (url: string) =>
      window.webContents.openHandler?.({ url } as Parameters<
        NonNullable<typeof window.webContents.openHandler>
      >[0]);
    expect(open('https://evil.example/')).toEqual({ action: 'deny' });
    expect(open('https://arxiv.org/abs/2303.17604')).toEqual({ action: 'deny' });
    expect(electron.shell.opened).toEqual(['https://arxiv.org/abs/2303.17604']);
  });

  test('has no permission, no spelling server and no network', () => {
    const { defaultSession } = electron.session;
    expect(defaultSession.allows?.(null, 'media')).toBe(false);
    const decided: boolean[] = [];
    defaultSession.request?.(null, 'notifications', (allowed) => decided.push(allowed));
    expect(decided).toEqual([false]);
    expect(defaultSession.spelling).toBe(false);
    expect(defaultSession.blocked).toContain('https://*/*');
    const downloads = [
      'tessera://app/media/tessera/x.tessera',
      'blob:tessera://app/01',
      'https://evil.example/x',
    ];
    const refused = downloads.filter((url) => {
      const event = electron.preventable({});
      defaultSession.emit('will-download', event, { getURL: () => url });
      return event.prevented;
    });
    expect(refused).toEqual(['https://evil.example/x']);
  });
});

describe('strangers', () => {
  test('get nothing from any channel', async () => {
    const stranger = loadPreload(root, window, { url: 'https://evil.example/', parent: null }).tessera;
    const framed = loadPreload(root, window, { url: 'tessera://app/', parent: {} }).tessera;
    for (const foreign of [stranger, framed]) {
      electron.dialog.folder = '/home/someone';
      electron.dialog.savePath = join(home, 'stolen.txt');
      for (const answer of [
        await foreign.chooseFolder(),
        await foreign.saveFile('x.png', new Uint8Array(1)),
        await foreign.openExternal('https://github.com/'),
      ])
        expect(answer).toMatchObject({ ok: false, error: { code: 'REQUEST_REFUSED' } });
      foreign.startDrag('01234567-89ab-4cde-8f01-23456789abcd');
      foreign.showMenu?.();
    }
    expect(existsSync(join(home, 'stolen.txt'))).toBe(false);
    expect(window.webContents.drags).toEqual([]);
    expect(electron.Menu.popups).toBe(0);
    expect(readFileSync(join(home, 'logs', 'tessera.log'), 'utf8')).toContain('https://evil.example/');
    page = loadPreload(root, window);
  });
});

describe('the studio over the port', () => {
  test('trusts paths, since they came from dialogs and drops', async () => {
    expect(await client.info()).toMatchObject({ host: 'desktop' });
    await expect(client.models.addFile({ path: join(home, 'none.safetensors') })).rejects.not.toMatchObject({
      data: { code: 'REQUEST_REFUSED' },
    });
  });

  test('makes a picture in the utility process, serves it, drags it out, and tells of it', async () => {
    const { generations } = await client.queue.submit({ modelId: 'demo', request: small });
    const id = generations[0]?.id ?? '';
    const finished = await until(() => events.find((event) => event.type === 'finished'));
    expect(finished).toMatchObject({ generation: { id, state: 'done' } });
    expect(electron.utilityProcess.started).toHaveLength(1);
    expect(electron.utilityProcess.started[0]?.pid).toBeTypeOf('number');
    expect(window.done.some((deed) => deed.startsWith('progress 0.') || deed === 'progress 1')).toBe(true);

    const answer = await electron.protocol.answer?.(new Request(`tessera://app/${mediaPaths.picture(id)}`));
    expect(answer?.headers.get('content-type')).toBe('image/png');
    expect((await answer?.arrayBuffer())?.byteLength).toBeGreaterThan(100);

    page.tessera.startDrag(id);
    const drag = await until(() => window.webContents.drags[0]);
    expect(existsSync(drag.file)).toBe(true);
  });

  test('follows the settings: language of the menu, colours of the window', async () => {
    const labels = () => electron.Menu.template.map(({ label }) => label);
    expect(labels()).toContain('파일');
    await client.settings.update({ language: 'en', theme: 'light' });
    await until(() => (labels().includes('File') ? true : undefined));
    expect(electron.nativeTheme.themeSource).toBe('light');
    electron.nativeTheme.emit('updated');
    expect(window.done).toContain('overlay #ebedef');
  });
});

describe('dialogs', () => {
  test('choose folders', async () => {
    electron.dialog.folder = '/models';
    expect(await page.tessera.chooseFolder()).toEqual({ ok: true, value: '/models' });
    electron.dialog.folder = undefined;
    expect(await page.tessera.chooseFolder()).toEqual({ ok: true, value: undefined });
  });

  test('save files whole, or say why not', async () => {
    electron.dialog.savePath = join(home, 'saved.png');
    expect(await page.tessera.saveFile('x.png', new Uint8Array([1, 2]))).toEqual({ ok: true, value: true });
    expect([...readFileSync(join(home, 'saved.png'))]).toEqual([1, 2]);
    electron.dialog.savePath = join(home, 'missing', 'x.png');
    expect(await page.tessera.saveFile('x.png', new Uint8Array(1))).toMatchObject({
      ok: false,
      error: { code: 'OUTPUT_UNWRITABLE' },
    });
    electron.dialog.savePath = undefined;
    expect(await page.tessera.saveFile('x.png', new Uint8Array(1))).toEqual({ ok: true, value: false });
    expect(readdirSync(home).filter((name) => name.endsWith('.part'))).toEqual([]);
  });

  test('refuse what is not of their form', async () => {
    const odd = page.tessera as unknown as Record<string, (...input: unknown[]) => Promise<unknown>>;
    for (const answer of [await odd['saveFile']?.('', 'text'), await odd['openExternal']?.(7)])
      expect(answer).toMatchObject({ ok: false, error: { code: 'REQUEST_INVALID' } });
    expect(await page.tessera.openExternal('https://evil.example/')).toEqual({ ok: true, value: false });
  });
});

describe('what the system asks', () => {
  test('a second start shows the window and hands its files on', async () => {
    const heard: unknown[] = [];
    page.tessera.onCommand((command) => heard.push(command));
    const file = join(home, 'saved.png');
    electron.app.emit('second-instance', {}, [], '/', { files: [file] });
    await until(() => (heard.length > 0 ? true : undefined));
    expect(heard).toMatchObject([{ type: 'file', name: 'saved.png', path: file }]);
    expect(window.done).toContain('focus');
  });

  test('a window that crashes is loaded again with a notice; one that keeps crashing says so', async () => {
    const gone = () =>
      window.webContents.emit('render-process-gone', {}, { reason: 'crashed', exitCode: 139 });
    gone();
    await until(() => (window.loaded.length === 2 ? true : undefined));
    page.tessera.connect();
    expect(window.webContents.sent.at(-1)).toEqual({ type: 'notice', notice: 'window-reloaded' });
    gone();
    gone();
    await until(() => (window.loaded.length === 4 ? true : undefined));
    gone();
    await until(() => (window.loaded.length === 5 ? true : undefined));
    expect(electron.dialog.messages).toEqual(['The window keeps crashing']);
  });
});

test('quitting puts the studio away first', async () => {
  electron.app.quit();
  await until(() => (electron.app.done.includes('quit') ? true : undefined));
  await until(() => (electron.utilityProcess.started.every(({ pid }) => !isAlive(pid)) ? true : undefined));
  expect(existsSync(join(home, 'desktop'))).toBe(true);
});

function isAlive(pid: number | undefined): boolean {
  try {
    return pid !== undefined && process.kill(pid, 0);
  } catch {
    // No such process.
    return false;
  }
}
