import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { join } from 'node:path';
import { chromium, type Browser, type Page } from '@playwright/test';
import { browserFlags, findBrowser } from '#e2e/studio/setup/browser.ts';

const program = join(import.meta.dirname, '..', '..', 'app', 'main', 'hosts', 'terminal', 'main.ts');

export interface Served {
  readonly url: string;
  stop(): void;
}

/** The studio as `npm run serve` starts it, on a free port, with a home of its own. */
export async function serve(home: string): Promise<Served> {
  const server: ChildProcess = spawn(process.execPath, [program, 'serve', '--port', '0', '--home', home], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const { stdout } = server;
  if (stdout === null) throw new Error('The server has no output.');
  for await (const line of createInterface(stdout)) {
    const url = /http:\/\/\S+/.exec(line)?.[0];
    if (url !== undefined) return { url, stop: () => void server.kill() };
  }
  throw new Error('The server ended without an address.');
}

export async function openWindow(
  url: string,
  flags: readonly string[],
): Promise<{ browser: Browser; page: Page }> {
  const executablePath = findBrowser();
  const browser = await chromium.launch({
    ...(executablePath === undefined ? {} : { executablePath }),
    args: [...browserFlags, ...flags],
  });
  const context = await browser.newContext({ viewport: { width: 1920, height: 1080 }, colorScheme: 'dark' });
  const page = await context.newPage();
  await page.goto(url);
  await page.getByRole('main').waitFor();
  return { browser, page };
}

/** Drops a file on the window, as a hand does, and waits until its maps are drawn. One input serves all drops: none is left behind. */
export async function dropTessera(page: Page, path: string): Promise<void> {
  await page.evaluate(() => {
    if (document.querySelector('#bench-file') !== null) return;
    const input = document.createElement('input');
    input.type = 'file';
    input.id = 'bench-file';
    input.hidden = true;
    document.body.append(input);
  });
  await page.locator('#bench-file').setInputFiles(path);
  await page.evaluate(() => {
    const input = document.querySelector<HTMLInputElement>('#bench-file');
    const data = new DataTransfer();
    for (const file of input?.files ?? []) data.items.add(file);
    if (input !== null) input.value = '';
    window.dispatchEvent(new DragEvent('drop', { dataTransfer: data, bubbles: true, cancelable: true }));
  });
  await page.getByTestId('tessera-viewer').getByTestId('overlay-canvas').waitFor();
}

export async function closeViewer(page: Page): Promise<void> {
  await page.getByTestId('viewer-close').click();
  await page.getByTestId('tessera-viewer').waitFor({ state: 'detached' });
}
