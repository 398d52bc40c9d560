import { once } from 'node:events';
import type { ServeOptions } from '#main/hosts/browser/serve.ts';

const forcedExit = 130;

/** Serves until Ctrl-C; a second one does not wait for the studio to end. */
export async function openBrowserHost(
  { port, home, models }: ServeOptions,
  write: (text: string) => unknown,
): Promise<number> {
  const { serveStudio } = await import('#main/hosts/browser/serve.ts');
  const served = await serveStudio({
    ...(port === undefined ? {} : { port }),
    ...(home === undefined ? {} : { home }),
    ...(models === undefined ? {} : { models }),
  });
  write(`Tessera is at ${served.address} (Ctrl-C stops it)\n`);
  await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM'), once(process, 'SIGHUP')]);
  const force = (): never => process.exit(forcedExit);
  process.on('SIGINT', force);
  try {
    await served.close();
  } finally {
    process.off('SIGINT', force);
  }
  return 0;
}
