import { defineConfig } from '@playwright/test';
import type { HostOption } from './e2e/studio/fixtures/host.ts';
import { browserFlags, findBrowser } from './e2e/studio/setup/browser.ts';
import { findTestedDesktop } from './e2e/studio/setup/desktop.ts';

const browser = findBrowser();
const desktop = findTestedDesktop();

/** The studio as its users meet it: a window, the embedded model, a home of its own for each test. */
export default defineConfig<HostOption>({
  testDir: 'e2e/studio/specs',
  outputDir: 'out/e2e/results',
  globalSetup: './e2e/studio/setup/global.ts',
  // Each test runs a browser, a studio and an engine; more at once would only wait for one another.
  workers: 2,
  fullyParallel: true,
  forbidOnly: process.env['CI'] !== undefined,
  retries: 0,
  timeout: 120_000,
  expect: { timeout: 30_000 },
  reporter: [['./e2e/studio/setup/reasons.ts'], ['list']],
  use: {
    ...(browser === undefined ? {} : { launchOptions: { executablePath: browser, args: browserFlags } }),
    viewport: { width: 1280, height: 800 },
    colorScheme: 'dark',
    locale: 'en-GB',
    contextOptions: { reducedMotion: 'reduce' },
    actionTimeout: 30_000,
    screenshot: 'only-on-failure',
    trace: { mode: 'retain-on-failure', screenshots: false },
  },
  projects: [
    { name: 'browser', use: { host: 'browser' } },
    desktop.binary === undefined
      ? { name: 'desktop', testDir: 'e2e/studio/setup', testMatch: 'desktop-absent.spec.ts' }
      : // Two tabs, other origins and lost connections are the browser host's alone.
        { name: 'desktop', use: { host: 'desktop' }, grepInvert: /@browser/ },
  ],
});
