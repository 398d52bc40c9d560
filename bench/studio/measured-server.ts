import { monitorEventLoopDelay } from 'node:perf_hooks';
import { serveStudio } from '#main/hosts/browser/serve.ts';

/** The browser host in a process of its own, whose event loop is watched. Told "begin" and "end" over the channel. */
export interface LoopDelay {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}
export type ServerMessage =
  | { readonly type: 'address'; readonly address: string }
  | { readonly type: 'delay'; readonly delay: LoopDelay };

const resolutionMs = 5;
const nsPerMs = 1e6;
const send = (message: ServerMessage): void => void process.send?.(message);

const served = await serveStudio({ port: 0, home: process.argv[2] ?? '' });
const histogram = monitorEventLoopDelay({ resolution: resolutionMs });
process.on('message', (word) => {
  if (word === 'begin') {
    histogram.reset();
    histogram.enable();
  } else if (word === 'end') {
    histogram.disable();
    // The histogram counts from timer to timer, so the timer's own period is taken off.
    const ms = (ns: number): number => Math.max(0, ns / nsPerMs - resolutionMs);
    const delay = {
      p50Ms: ms(histogram.percentile(50)),
      p99Ms: ms(histogram.percentile(99)),
      maxMs: ms(histogram.max),
    };
    send({ type: 'delay', delay });
  }
});
send({ type: 'address', address: served.address });
