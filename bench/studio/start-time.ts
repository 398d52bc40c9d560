import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Browser } from '@playwright/test';
import { makeTemporaryFolder } from './temporary-home.ts';

const main = fileURLToPath(import.meta.resolve('#main/start/main.ts'));

/** Milliseconds from starting the process of `npm start` to a page whose button can be pressed. The browser runs already. */
export async function timeOneStart(browser: Browser): Promise<number> {
  const home = makeTemporaryFolder();
  const began = performance.now();
  const child = spawn(process.execPath, [main, '--browser', '--port', '0', '--home', home.path], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const page = await browser.newPage();
  try {
    await page.goto(await addressOf(child.stdout));
    await page.locator('[data-testid="make-button"]:enabled').waitFor();
    return performance.now() - began;
  } finally {
    await page.close();
    const closed = once(child, 'close');
    child.kill();
    await closed;
    home.remove();
  }
}

function addressOf(output: NodeJS.ReadableStream): Promise<string> {
  let said = '';
  return new Promise((resolve, reject) => {
    output.setEncoding('utf8').on('data', (text: string) => {
      said += text;
      const address = /http:\/\/\S+/.exec(said)?.[0];
      if (address !== undefined) resolve(address);
    });
    output.once('end', () => {
      reject(new Error(`It ended without an address:\n${said}`));
    });
  });
}
