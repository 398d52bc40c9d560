// @vitest-environment happy-dom
import { beforeEach, describe, expect, test } from 'vitest';
import { get } from 'svelte/store';
import { portMessage, type DesktopCommand, type TesseraWindow } from '#contract/desktop.ts';
import { OutputError, toWire } from '#contract/errors.ts';
import { createBridge, type BridgeCommand } from './bridge.ts';

/** What a preload script would have put on the window, and its page's end of it. */
class FakeDesktop implements TesseraWindow {
  connects = 0;
  command: (command: DesktopCommand) => void = () => undefined;
  readonly calls: unknown[] = [];
  connect = (): void => void (this.connects += 1);
  pathForFile = (): string => '/dropped/picture.png';
  chooseFolder = () => Promise.resolve({ ok: true, value: '/models' } as const);
  saveFile = () => {
    const error = new OutputError('OUTPUT_UNWRITABLE', 'The disk is full.');
    return Promise.resolve({ ok: false, error: toWire(error) } as const);
  };
  openExternal = (url: string) => Promise.resolve((this.calls.push(url), { ok: true, value: true } as const));
  startDrag = (id: string): void => void this.calls.push(id);
  onCommand = (listener: (command: DesktopCommand) => void): void => void (this.command = listener);
}

let desktop: FakeDesktop;

beforeEach(() => {
  desktop = new FakeDesktop();
  Object.defineProperty(window, 'tessera', { value: desktop, configurable: true });
});

/** The message with the port, as it comes from the preload script or from somewhere else. */
function sendPort(source: unknown = window, type: string = portMessage): MessagePort {
  const { port1, port2 } = new MessageChannel();
  const event = new MessageEvent('message', { data: { type } });
  Object.defineProperty(event, 'source', { value: source });
  Object.defineProperty(event, 'ports', { value: [port2] });
  window.dispatchEvent(event);
  return port1;
}

describe('the desktop bridge', () => {
  test('speaks over the port of its own window and no other', async () => {
    const bridge = createBridge();
    expect([bridge.host, desktop.connects, get(bridge.connection)]).toEqual(['desktop', 1, 'connecting']);
    sendPort({}, portMessage).close();
    sendPort(window, 'something:else').close();
    expect(get(bridge.connection)).toBe('connecting');
    const port = sendPort();
    expect(get(bridge.connection)).toBe('open');
    const asked = new Promise((resolve) => {
      port.addEventListener('message', ({ data }: MessageEvent) => {
        resolve(data);
      });
    });
    port.start();
    void bridge.client.info().catch(() => undefined);
    expect(JSON.stringify(await asked)).toContain('info');
    port.close();
  });

  test('asks for a new line when the old one is lost, and calls wait for it', async () => {
    const bridge = createBridge();
    const lost = new Promise<void>((resolve) => {
      bridge.connection.subscribe((now) => {
        if (now === 'lost') resolve();
      });
    });
    sendPort().close();
    await lost;
    bridge.reconnect();
    expect(desktop.connects).toBe(2);
    sendPort();
    expect(get(bridge.connection)).toBe('open');
  });

  test('serves pictures from the place of the page', () => {
    expect(createBridge().mediaUrl('media/pictures/x.png')).toBe(
      new URL('media/pictures/x.png', document.baseURI).href,
    );
  });

  test('gives back values, and throws the errors of the main side as they were', async () => {
    const bridge = createBridge();
    expect(await bridge.chooseFolder?.()).toBe('/models');
    await expect(bridge.saveFile('x.png', new Uint8Array(1), 'image/png')).rejects.toMatchObject({
      code: 'OUTPUT_UNWRITABLE',
      message: 'The disk is full.',
    });
  });

  test('hands opened files on with their bytes and their paths', async () => {
    const bridge = createBridge();
    const heard: BridgeCommand[] = [];
    bridge.onCommand?.((command) => heard.push(command));
    desktop.command({ type: 'make' });
    desktop.command({ type: 'file', name: 'a.png', path: '/pictures/a.png', bytes: new Uint8Array([1, 2]) });
    const [make, opened] = heard;
    expect(make).toEqual({ type: 'make' });
    if (opened?.type !== 'file') throw new Error('No file came.');
    expect([...new Uint8Array(await opened.file.arrayBuffer())]).toEqual([1, 2]);
    expect(bridge.pathForFile?.(opened.file)).toBe('/pictures/a.png');
    expect(bridge.pathForFile?.(new File([], 'b.png'))).toBe('/dropped/picture.png');
  });

  test('has a menu button only where the desktop has one to show', () => {
    expect('showMenu' in createBridge()).toBe(false);
    Object.assign(desktop, { showMenu: () => desktop.calls.push('menu') });
    createBridge().showMenu?.();
    expect(desktop.calls).toEqual(['menu']);
  });
});
