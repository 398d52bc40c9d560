import { mkdtemp, rm } from 'node:fs/promises';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { StudioError } from '#contract/errors.ts';
import { steps, writeTesseraFile } from './files.ts';
import { openMany, type Sample } from './memory.ts';
import { readOverlayOptions, usage, type OverlayOptions } from './options.ts';
import { scrub } from './scrub.ts';
import { closeViewer, dropTessera, openWindow, serve } from './window.ts';

/** `node bench/overlay/overlay.ts`: the overlay in a real browser, its speed and its memory. */
const modes = ['groups', 'heat', 'kinds', 'flow', 'frequency'] as const;
const mostGrowthMb = 10;
const say = (line: string): void => void process.stdout.write(`${line}\n`);

async function scrubAll(url: string, file: string, flags: readonly string[], count: number): Promise<void> {
  const { browser, page } = await openWindow(url, flags);
  try {
    await dropTessera(page, file);
    for (const [i, mode] of modes.entries()) {
      await page.keyboard.press(String(i + 1));
      // Once through all steps, so that every frame is computed; then as fast as the window goes.
      await scrub(page, 2 * steps);
      const frames = await scrub(page, count);
      say(
        `  ${mode.padEnd(10)} ${frames.perSecond.toFixed(1).padStart(6)} frames/s   median ${frames.medianMs.toFixed(1)} ms   95 % ${frames.p95Ms.toFixed(1)} ms   page's own work, 95 % ${frames.workP95Ms.toFixed(1)} ms`,
      );
    }
    await closeViewer(page);
  } finally {
    await browser.close();
  }
}

async function memory(url: string, files: readonly string[], count: number): Promise<boolean> {
  const { browser, page } = await openWindow(url, []);
  const row = (sample: Sample): void => {
    say(
      `  ${String(sample.opened).padStart(4)} opened   heap ${sample.heapMb.toFixed(1)} MB   buffers ${sample.buffersMb.toFixed(1)} MB   canvases ${sample.canvasMb.toFixed(1)} MB   ${sample.nodes} nodes   ${sample.listeners} listeners   process ${sample.processMb.toFixed(0)} MB`,
    );
  };
  try {
    const samples = await openMany(browser, page, files, count, Math.max(1, Math.floor(count / 10)), row);
    const [first, last] = [samples[0], samples.at(-1)];
    if (first === undefined || last === undefined) throw new Error('Nothing was measured.');
    const growth = last.heapMb + last.buffersMb - first.heapMb - first.buffersMb;
    say(
      `  From ${first.opened} to ${last.opened} pictures heap and buffers grew by ${growth.toFixed(1)} MB; allowed: ${mostGrowthMb} MB.`,
    );
    return growth <= mostGrowthMb;
  } finally {
    await browser.close();
  }
}

async function measure({ frames, pictures, files: fileCount }: OverlayOptions): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'tessera-bench-overlay-'));
  const served = await serve(join(folder, 'home'));
  try {
    say(
      `${cpus()[0]?.model ?? 'unknown processor'}, ${cpus().length} cores, load ${loadavg()[0]?.toFixed(1) ?? '?'}; no GPU: the browser rasters on the CPU.`,
    );
    const file = await writeTesseraFile(folder, 1);
    const files = [file];
    for (let seed = 2; seed <= fileCount; seed++) files.push(await writeTesseraFile(folder, seed));
    say(
      `Scrubbing ${frames} frames, 1024 px, 128×128 tokens, ${steps} steps, window 1920×1080, held to the screen's 60 Hz:`,
    );
    await scrubAll(served.url, file, [], frames);
    say('The same, as fast as it goes:');
    await scrubAll(served.url, file, ['--disable-frame-rate-limit', '--disable-gpu-vsync'], frames);
    if (pictures > 0) {
      say(`Memory over ${pictures} pictures, after collecting garbage:`);
      if (!(await memory(served.url, files, pictures))) process.exitCode = 1;
    }
  } finally {
    served.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

try {
  const options = readOverlayOptions(process.argv.slice(2));
  if (options === undefined) say(usage);
  else await measure(options);
} catch (error) {
  if (!(error instanceof StudioError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
