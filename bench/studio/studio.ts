import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describeMachine } from '#bench/machine.ts';
import { spread } from '#bench/statistics.ts';
import { measureAnswers } from './answers.ts';
import { openBrowser } from './browser.ts';
import { bundleSizes, type BundleSize } from './bundle.ts';
import { timeOneStart } from './start-time.ts';

/** `npm run bench:studio`: what an artist waits for. Alone on the machine, or the figures are those of the other program. */

const root = join(import.meta.dirname, '..', '..');
const starts = 5;
const say = (line: string): void => void process.stdout.write(`${line}\n`);
const kB = ({ files, gzipBytes, brotliBytes }: BundleSize): string =>
  `${(gzipBytes / 1000).toFixed(0)} kB gzip, ${(brotliBytes / 1000).toFixed(0)} kB brotli, ${files} files`;

const browser = await openBrowser();
const bundle = bundleSizes(join(root, 'out', 'renderer'));
say(`Bundle, without fonts: first load ${kB(bundle.firstLoad)}; everything ${kB(bundle.everything)}`);
const times: number[] = [];
// The first start compiles and caches; it is not counted.
await timeOneStart(browser);
for (let i = 0; i < starts; i++) times.push(await timeOneStart(browser));
const start = spread(times);
say(
  `npm start to an interactive page: median ${start.median.toFixed(0)} ms of ${starts} (${start.min.toFixed(0)} to ${start.max.toFixed(0)})`,
);
const answers = await measureAnswers(browser);
say(
  `Inputs answered while a picture is made: ${answers.inputs}, p95 ≤ ${answers.p95Ms.toFixed(0)} ms, slowest ${answers.maxMs.toFixed(0)} ms (${answers.slowest})`,
);
const { p50Ms, p99Ms, maxMs } = answers.loop;
say(
  `Event-loop delay of the main process meanwhile: p50 ${p50Ms.toFixed(1)} ms, p99 ${p99Ms.toFixed(1)} ms, max ${maxMs.toFixed(1)} ms`,
);
await browser.close();
const results = {
  date: new Date().toISOString(),
  machine: await describeMachine(),
  ...{ bundle, startMs: start, answers },
};
const folder = join(root, 'out', 'bench');
mkdirSync(folder, { recursive: true });
writeFileSync(join(folder, 'studio.json'), `${JSON.stringify(results, null, 2)}\n`);
say(`Written to ${join('out', 'bench', 'studio.json')}`);
