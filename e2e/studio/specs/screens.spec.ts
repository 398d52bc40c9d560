import { join } from 'node:path';
import type { Page } from '@playwright/test';
import type { Settings } from '#contract/studio/settings.ts';
import { expectAccessible } from '../fixtures/axe.ts';
import { expect, test } from '../fixtures/test.ts';
import { fillForTour, tour, tourOfEmptyStudio, type Visit } from '../fixtures/tour.ts';

/** Every screen, looked at by axe, and kept as a picture for people to look at. */

const folder = join(import.meta.dirname, '..', '..', '..', 'out', 'e2e', 'screens');

interface Look {
  readonly name: string;
  readonly widthPx: number;
  readonly heightPx: number;
  readonly settings: Partial<Settings>;
  /** axe judges names, roles and contrast, which the size changes little. */
  readonly axe: boolean;
}

const looks: readonly Look[] = [
  { name: 'dark-1280', widthPx: 1280, heightPx: 800, settings: { theme: 'dark' }, axe: true },
  { name: 'light-1280', widthPx: 1280, heightPx: 800, settings: { theme: 'light' }, axe: true },
  { name: 'dark-1920', widthPx: 1920, heightPx: 1080, settings: { theme: 'dark' }, axe: false },
  {
    name: 'korean-1280',
    widthPx: 1280,
    heightPx: 800,
    settings: { theme: 'dark', language: 'ko' },
    axe: false,
  },
];

function visitor(page: Page, { name, axe }: Look): Visit {
  return async (stop) => {
    if (axe) await expectAccessible(page, `${stop}, ${name}`);
    await page.screenshot({ path: join(folder, name, `${stop}.png`), animations: 'disabled' });
    const tooWide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    expect.soft(tooWide, `${stop} is wider than the window`).toBeLessThanOrEqual(0);
  };
}

for (const look of looks) {
  test(`every screen: ${look.name}`, async ({ studio }) => {
    // Some thirty stops, each judged and drawn.
    test.setTimeout(400_000);
    await studio.prepare(async (client) => {
      await client.settings.update(look.settings);
    });
    let page = await studio.open();
    await page.setViewportSize({ width: look.widthPx, height: look.heightPx });
    await tourOfEmptyStudio(page, visitor(page, look));
    await studio.closeWindow(page);
    await studio.prepare(fillForTour);
    page = await studio.open();
    await page.setViewportSize({ width: look.widthPx, height: look.heightPx });
    await tour(page, visitor(page, look));
  });
}
