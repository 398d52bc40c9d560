import { existsSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { chromium } from '@playwright/test';
import { aptInstall, mayUseApt, run } from '../../../tests/apt.ts';

/** What runs the window in these tests: Debian's Chromium, another one that is installed, else Playwright's own. */

/** Headless, without a GPU, and silent towards the network. */
export const browserFlags = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

const names = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome'];

/** TESSERA_E2E_BROWSER, an installed browser, or undefined: Playwright's own, if that is there. */
export function findBrowser(): string | undefined {
  const wanted = process.env['TESSERA_E2E_BROWSER'];
  if (wanted !== undefined && wanted !== '') return wanted;
  const folders = ['/usr/bin', ...(process.env['PATH'] ?? '').split(delimiter)];
  // Ubuntu's chromium-browser is a script that only says that a snap is wanted.
  return names
    .flatMap((name) => folders.map((folder) => join(folder, name)))
    .find((path) => existsSync(path) && !isPlaceholder(path));
}

function isPlaceholder(path: string): boolean {
  const head = readFileSync(path).subarray(0, 4096);
  return head.subarray(0, 2).toString() === '#!' && head.includes('snap install');
}

/** Installs one where there is none. Throws with what is missing and how to get it. */
export async function ensureBrowser(say: (line: string) => void): Promise<void> {
  const found = findBrowser();
  if (found !== undefined) {
    if (!existsSync(found)) throw new Error(`TESSERA_E2E_BROWSER is ${found}, and no such file is there.`);
    return;
  }
  if (existsSync(chromium.executablePath())) return;
  const failures: string[] = [];
  if (mayUseApt()) {
    say('No browser is installed. Installing Debian’s Chromium: apt-get install chromium (about 100 MB) …');
    const ended = await aptInstall(['chromium']);
    if (ended === undefined && findBrowser() !== undefined) return;
    failures.push(ended ?? 'apt-get installed a chromium that is no browser');
  }
  say('Installing Playwright’s own Chromium: npx playwright install chromium (about 170 MB) …');
  const ended = await run('npx', [
    'playwright',
    'install',
    ...(mayUseApt() ? ['--with-deps'] : []),
    'chromium',
  ]);
  if (ended === undefined && existsSync(chromium.executablePath())) return;
  failures.push(ended ?? 'Playwright installed nothing');
  throw new Error(
    `The window’s tests need a Chromium, and none could be installed (${failures.join('; ')}). ` +
      'Install one (Debian, Ubuntu: `apt-get install chromium`; elsewhere: `npx playwright install chromium`), ' +
      'or name one with TESSERA_E2E_BROWSER=/path/to/chromium. `npm run test:unit` runs the other tests without it.',
  );
}
