import type { Browser, Page } from '@playwright/test';
import type { LoopDelay } from './measured-server.ts';
import { startMeasuredServer } from './server-process.ts';
import { makeTemporaryFolder } from './temporary-home.ts';

/** Event Timing tells of nothing shorter than this, and rounds to 8 ms. */
export const shortestMs = 16;

export interface Answers {
  /** Keys and clicks, from the input to the next frame. Those shorter than `shortestMs` count as that long. */
  readonly inputs: number;
  readonly p95Ms: number;
  readonly maxMs: number;
  readonly slowest: string;
  readonly loop: LoopDelay;
}

interface Timed {
  readonly name: string;
  readonly durationMs: number;
}

const rounds = 2;
const words = 'a red sun over blue mountains';

/** Types and clicks through the studio while pictures are made, and hears how long each input took to be answered. */
export async function measureAnswers(browser: Browser): Promise<Answers> {
  const home = makeTemporaryFolder();
  const server = await startMeasuredServer(home.path);
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
  try {
    await page.addInitScript({ content: observer });
    await page.goto(server.address);
    await page.locator('[data-testid="make-button"]:enabled').waitFor();
    await page.getByTestId('prompt').fill('a red sun over blue mountains');
    await page.getByTestId('preset-balanced').check();
    await page.getByTestId('steps').fill('400');
    await page.getByTestId('steps').press('Enter');
    await page.getByTestId('make-button').click();
    await page.getByText(/^Step [1-9]\d* of 400$/).waitFor({ timeout: 60_000 });
    const before = (await heard(page)).length;
    server.begin();
    const inputs = await useStudio(page);
    const loop = await server.end();
    const timed = (await heard(page)).slice(before);
    await page.getByTestId('cancel-running').click();
    const slowest = timed.toSorted((a, b) => b.durationMs - a.durationMs);
    return {
      inputs,
      // Inputs that were not reported were answered sooner than the shortest one that is.
      p95Ms: slowest[Math.floor(inputs * 0.05)]?.durationMs ?? shortestMs,
      maxMs: slowest[0]?.durationMs ?? shortestMs,
      slowest: slowest[0]?.name ?? 'none was reported',
      loop,
    };
  } finally {
    await page.close();
    await server.stop();
    home.remove();
  }
}

function heard(page: Page): Promise<Timed[]> {
  return page.evaluate(() => (globalThis as { timed?: Timed[] }).timed ?? []);
}

/** One entry an interaction: a key press is several events. As text, for it runs in the page. */
const observer = `
    window.timed = [];
    const seen = new Map();
    new PerformanceObserver((list) => {
      for (const { interactionId, name, duration, target } of list.getEntries()) {
        if (!interactionId) continue;
        const place = target?.getAttribute?.('data-testid') ?? target?.nodeName ?? 'gone';
        const known = seen.get(interactionId);
        if (known === undefined) {
          const entry = { name: name + ' on ' + place, durationMs: duration };
          seen.set(interactionId, entry);
          window.timed.push(entry);
        } else known.durationMs = Math.max(known.durationMs, duration);
      }
    }).observe({ type: 'event', durationThreshold: ${shortestMs} });
`;

/** Returns the number of inputs. */
async function useStudio(page: Page): Promise<number> {
  let inputs = 0;
  const press = async (key: string): Promise<void> => {
    await page.keyboard.press(key);
    inputs++;
  };
  const click = async (testId: string): Promise<void> => {
    await page.getByTestId(testId).click();
    inputs++;
  };
  for (let round = 0; round < rounds; round++) {
    await click('prompt');
    for (const letter of words) await press(letter);
    await page.getByTestId('ratio-slider').focus();
    for (let i = 0; i < 6; i++) await press(i % 2 === 0 ? 'ArrowRight' : 'ArrowLeft');
    await click('advanced');
    await click('advanced-back');
    await click('queue-button');
    await press('Escape');
    for (const screen of ['look', 'history', 'models', 'settings', 'make']) await click(`rail-${screen}`);
  }
  return inputs;
}
