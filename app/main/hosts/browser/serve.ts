import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { OutputError, RequestError } from '#contract/errors.ts';
import { dataFolder } from '#main/data-folder.ts';
import { createStudio } from '#studio/studio.ts';
import { isLoopback } from './guard.ts';
import { startServer, type RunningServer } from './server.ts';

export interface ServeOptions {
  readonly host?: string;
  readonly port?: number;
  /** The data folder; TESSERA_HOME and the system's place where it is absent. */
  readonly home?: string;
  readonly models?: readonly string[];
  readonly token?: string;
}

export interface Served {
  /** What to open in a browser. */
  readonly address: string;
  close(): Promise<void>;
}

export const defaultPort = 7860;
const portTries = 20;
const rendererFolder = join(import.meta.dirname, '..', '..', '..', '..', 'out', 'renderer');

/** The studio in a browser. Throws REQUEST_INVALID where it would be open to others without a token. */
export async function serveStudio(options: ServeOptions): Promise<Served> {
  const { host = '127.0.0.1', home, models = [], token } = options;
  if (!isLoopback(host) && (token === undefined || token.length < 16))
    throw new RequestError(
      'REQUEST_INVALID',
      `--host ${host} can be reached from other machines, so it needs a --token of 16 characters or more. Give one, or leave --host away to serve this machine alone.`,
    );
  if (!existsSync(join(rendererFolder, 'index.html')))
    throw new OutputError(
      'OUTPUT_UNWRITABLE',
      `The window is not built yet: ${rendererFolder} is missing. Run \`npm run build\` first.`,
    );
  const studio = await createStudio({
    host: 'browser',
    dataFolder: home === undefined ? dataFolder() : resolve(home),
    modelFolders: models,
  });
  try {
    const server = await start({ studio, rendererFolder, host, token }, options.port);
    const name = host.includes(':') ? `[${host}]` : host;
    const query = token === undefined ? '' : `?token=${encodeURIComponent(token)}`;
    return {
      address: `http://${name}:${server.port}/${query}`,
      close: async () => {
        await server.close();
        await studio.dispose();
      },
    };
  } catch (error) {
    await studio.dispose();
    throw error;
  }
}

/** A port that was asked for is taken or refused; else the next free one from the usual on. */
async function start(
  options: Omit<Parameters<typeof startServer>[0], 'port'>,
  port: number | undefined,
): Promise<RunningServer> {
  if (port !== undefined) return await startServer({ ...options, port });
  for (let i = 0; i < portTries; i++) {
    try {
      return await startServer({ ...options, port: defaultPort + i });
    } catch (error) {
      if (!(error instanceof OutputError)) throw error;
    }
  }
  return await startServer({ ...options, port: 0 });
}
