import type { BenchOptions } from '../options.ts';
import type { Planned } from '../planned.ts';
import type { Figure, Study, StudyKey } from '../results.ts';
import { spread } from '../statistics.ts';

const key: StudyKey = { topic: 'latency', model: 'demo' };
const title = 'What the studio lets one wait for, with the embedded model loaded';

/** Ours alone: the button's press to the end of the first step, and one picture's end to the next one's start. */
export function planLatency({ rounds }: BenchOptions): Planned {
  return { key, title, isSized: false, wanted: [], run: () => measure(rounds) };
}

async function measure(rounds: number): Promise<Study> {
  // The browser's library is there for development alone; the other studies do without it.
  const { openBrowser } = await import('../studio/browser.ts');
  const { measureLatency } = await import('../studio/latency.ts');
  const browser = await openBrowser();
  try {
    const { firstStepMs, betweenMs, ratio } = await measureLatency(browser, rounds);
    const figure = (variant: string, times: readonly number[]): Figure => ({
      ...{ side: 'tessera', provider: 'cpu', ratio, variant },
      times: spread(times),
    });
    const figures = [
      figure('button pressed to the end of the first step', firstStepMs),
      figure('end of a picture to the start of the next', betweenMs),
    ];
    return {
      ...{ key, title, figures, sameWorkLimit: 0 },
      facts: { firstStepMs: spread(firstStepMs).median, betweenPicturesMs: spread(betweenMs).median },
      notes: [
        "The studio's own settings in a browser; a picture ends when its row says done, and starts when its steps do.",
      ],
    };
  } finally {
    await browser.close();
  }
}
