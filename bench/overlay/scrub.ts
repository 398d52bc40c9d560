import type { Page } from '@playwright/test';

export interface Frames {
  readonly perSecond: number;
  /** From one frame to the next. */
  readonly medianMs: number;
  readonly p95Ms: number;
  /** What the page itself did in a frame: script, style, layout, paint. Without raster. */
  readonly workP95Ms: number;
}

/** Another step in every frame, back and forth, as a hand on the scrubber asks for at most. */
export async function scrub(page: Page, frameCount: number): Promise<Frames> {
  const { gapsMs, worksMs } = await page.evaluate(async (count) => {
    const slider = document.querySelector<HTMLInputElement>(
      '[data-testid=tessera-viewer] [data-testid=step-slider]',
    );
    if (slider === null) throw new Error('There is no scrubber.');
    const last = Number(slider.max);
    const gaps: number[] = [];
    const works: number[] = [];
    const channel = new MessageChannel();
    let before: number | undefined;
    await new Promise<void>((resolve) => {
      let began = 0;
      channel.port1.onmessage = () => works.push(performance.now() - began);
      const frame = (i: number): void => {
        began = performance.now();
        if (before !== undefined) gaps.push(began - before);
        before = began;
        if (i === count) {
          resolve();
          return;
        }
        const at = i % (2 * last);
        slider.value = String(at <= last ? at : 2 * last - at);
        slider.dispatchEvent(new Event('input', { bubbles: true }));
        // The message comes after this frame's style, layout and paint.
        channel.port2.postMessage(null);
        requestAnimationFrame(() => {
          frame(i + 1);
        });
      };
      requestAnimationFrame(() => {
        frame(0);
      });
    });
    channel.port1.close();
    return { gapsMs: gaps, worksMs: works };
  }, frameCount);
  const total = gapsMs.reduce((sum, gap) => sum + gap, 0);
  return {
    perSecond: (1000 * gapsMs.length) / total,
    medianMs: quantile(gapsMs, 0.5),
    p95Ms: quantile(gapsMs, 0.95),
    workP95Ms: quantile(worksMs, 0.95),
  };
}

export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
}
