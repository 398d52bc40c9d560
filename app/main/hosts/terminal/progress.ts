import { Presets, SingleBar } from 'cli-progress';

/** How far a job is, on stderr: a bar where someone watches, now and then a line where a log is kept. */
export interface Progress {
  start(total: number): void;
  /** `tookMs`: of the call that just ended. */
  step(done: number, tookMs: number): void;
  /** A large picture is decoded in strips. */
  decoding(done: number, strips: number): void;
  stop(): void;
}

export interface ProgressStream {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

export function createProgress(stream: NodeJS.WriteStream): Progress {
  return stream.isTTY ? barProgress(stream) : lineProgress(stream, () => performance.now());
}

/** Time left from the calls so far: the first one is slower, so the median is taken. */
export function timeLeft(tookMs: readonly number[], callsLeft: number): string {
  const sorted = tookMs.toSorted((a, b) => a - b);
  const median = sorted[Math.floor(sorted.length / 2)] ?? 0;
  const seconds = (median * callsLeft) / 1000;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 100) return `${Math.round(seconds)} s`;
  return `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
}

function barProgress(stream: NodeJS.WriteStream): Progress {
  const bar = new SingleBar(
    {
      stream,
      format: '  {bar} {value}/{total} steps · {perStep} s a step · {note}',
      hideCursor: true,
      clearOnComplete: true,
      // The job's own signal handling answers Ctrl-C.
      gracefulExit: false,
    },
    Presets.shades_classic,
  );
  const times: number[] = [];
  let total = 0;
  return {
    start(calls) {
      total = calls;
      bar.start(calls, 0, { perStep: '–', note: '… left' });
    },
    step(done, tookMs) {
      times.push(tookMs);
      bar.update(done, {
        perStep: (tookMs / 1000).toFixed(2),
        note: `${timeLeft(times, total - done)} left`,
      });
    },
    decoding(done, strips) {
      bar.update({ note: `decoding ${percent(done, strips)}` });
    },
    stop() {
      bar.stop();
    },
  };
}

const lineEveryMs = 2000;

export function lineProgress(stream: ProgressStream, now: () => number): Progress {
  const times: number[] = [];
  let total = 0;
  let lastMs = -Infinity;
  return {
    start(calls) {
      total = calls;
    },
    step(done, tookMs) {
      times.push(tookMs);
      if (done < total && now() - lastMs < lineEveryMs) return;
      lastMs = now();
      stream.write(
        `step ${done} of ${total}, ${(tookMs / 1000).toFixed(2)} s, about ${timeLeft(times, total - done)} left\n`,
      );
    },
    decoding(done, strips) {
      if (done < strips && now() - lastMs < lineEveryMs) return;
      lastMs = now();
      stream.write(`decoding ${percent(done, strips)}\n`);
    },
    stop: () => undefined,
  };
}

function percent(done: number, strips: number): string {
  return `${Math.floor((100 * done) / strips)} %`;
}
