import { readFile } from 'node:fs/promises';
import type { Browser, Page } from '@playwright/test';
import { closeViewer, dropTessera } from './window.ts';

export interface Sample {
  readonly opened: number;
  /** Of the page, after collecting garbage; array buffers and canvases lie outside of it. */
  readonly heapMb: number;
  readonly buffersMb: number;
  readonly canvasMb: number;
  readonly nodes: number;
  readonly listeners: number;
  /** Resident memory of the page's process. */
  readonly processMb: number;
}

/** Opens picture after picture in the overlay, goes through some steps of each, closes it. */
export async function openMany(
  browser: Browser,
  page: Page,
  paths: readonly string[],
  count: number,
  every: number,
  tell: (sample: Sample) => void,
): Promise<Sample[]> {
  const samples: Sample[] = [];
  for (let opened = 1; opened <= count; opened++) {
    await dropTessera(page, paths[opened % paths.length] ?? '');
    for (const key of ['1', '[', '[', '2', 'ArrowDown', '5']) await page.keyboard.press(key);
    await closeViewer(page);
    if (opened % every !== 0) continue;
    const sample = await measure(browser, page, opened);
    samples.push(sample);
    tell(sample);
  }
  return samples;
}

async function measure(browser: Browser, page: Page, opened: number): Promise<Sample> {
  const session = await page.context().newCDPSession(page);
  for (let i = 0; i < 3; i++) await session.send('HeapProfiler.collectGarbage');
  await session.send('Performance.enable');
  const { metrics } = await session.send('Performance.getMetrics');
  const metric = (name: string): number => metrics.find((each) => each.name === name)?.value ?? Number.NaN;
  const usage: { usedSize: number; backingStorageSize?: number } = await session.send('Runtime.getHeapUsage');
  await session.detach();
  const canvasPixels = await page.evaluate(() =>
    [...document.querySelectorAll('canvas')].reduce((sum, canvas) => sum + canvas.width * canvas.height, 0),
  );
  return {
    opened,
    heapMb: usage.usedSize / 2 ** 20,
    buffersMb: (usage.backingStorageSize ?? Number.NaN) / 2 ** 20,
    canvasMb: (canvasPixels * 4) / 2 ** 20,
    nodes: metric('Nodes'),
    listeners: metric('JSEventListeners'),
    processMb: await rendererMb(browser),
  };
}

/** The largest renderer is the page's; Chromium keeps a spare one. */
async function rendererMb(browser: Browser): Promise<number> {
  const session = await browser.newBrowserCDPSession();
  const { processInfo } = await session.send('SystemInfo.getProcessInfo');
  await session.detach();
  const sizes = await Promise.all(
    processInfo
      .filter(({ type }) => type === 'renderer')
      .map(async ({ id }) => {
        const status = await readFile(`/proc/${id}/status`, 'utf8');
        return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1] ?? Number.NaN) / 1024;
      }),
  );
  return Math.max(...sizes);
}
