import { once } from 'node:events';
import { serveStudio, type ServeOptions } from '#main/hosts/browser/serve.ts';
import type { Terminal } from '../terminal.ts';

/** Serves the studio until it is stopped. */
export async function serveCommand(options: ServeOptions, terminal: Terminal): Promise<number> {
  const served = await serveStudio(options);
  if (terminal.isJson) terminal.json({ address: served.address });
  else terminal.write(`Tessera is at ${served.address} (Ctrl-C stops it)\n`);
  await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
  await served.close();
  return 0;
}
