import type { ServeOptions } from '#main/hosts/browser/serve.ts';

const forcedExit = 130;
const parentCheckMs = 500;
const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Serves until Ctrl-C; a second one does not wait for the studio to end. */
export async function openBrowserHost(
  { port, home, models }: ServeOptions,
  write: (text: string) => unknown,
): Promise<number> {
  const stopped = untilStopped();
  const { serveStudio } = await import('#main/hosts/browser/serve.ts');
  const served = await serveStudio({
    ...(port === undefined ? {} : { port }),
    ...(home === undefined ? {} : { home }),
    ...(models === undefined ? {} : { models }),
  });
  write(`Tessera is at ${served.address} (Ctrl-C stops it)\n`);
  await stopped;
  process.once('SIGINT', () => process.exit(forcedExit));
  await served.close();
  return 0;
}

/**
 * A signal, or the end of the shell that npm started us in: a kill of npm ends that shell, which tells nobody.
 * Heard from the first moment on, so that one that comes while the studio opens ends it in order as well.
 */
function untilStopped(): Promise<void> {
  const parent = process.ppid;
  return new Promise((resolve) => {
    const stop = (): void => {
      clearInterval(timer);
      for (const signal of signals) process.off(signal, stop);
      resolve();
    };
    const timer = setInterval(() => {
      if (process.ppid !== parent) stop();
    }, parentCheckMs);
    timer.unref();
    for (const signal of signals) process.on(signal, stop);
  });
}
