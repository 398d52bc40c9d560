import { join } from 'node:path';
import { Command, Option } from 'commander';
import { RequestError } from '#contract/errors.ts';
import { isHelp, reportFailure } from '#main/hosts/terminal/failure.ts';
import { isStale, preloadBuild, rendererBuild, runBuild, type Build } from './builds.ts';
import { openDesktop } from './desktop-process.ts';
import { findDesktop, thisMachine, type Electron } from './electron.ts';
import { openBrowserHost } from './browser-host.ts';

export interface StartOptions {
  readonly browser?: boolean;
  readonly port?: number;
  readonly home?: string;
  readonly models?: readonly string[];
}

const root = join(import.meta.dirname, '..', '..', '..');
const write = (text: string) => process.stdout.write(text);

/** Opens the desktop, or says in one line why not and serves the studio to a browser. Returns the exit code. */
export async function start(args: readonly string[]): Promise<number> {
  try {
    const command = buildCommand();
    command.parse(args, { from: 'user' });
    return await open(command.opts<StartOptions>(), command.args);
  } catch (error) {
    if (isHelp(error)) return 0;
    return reportFailure(error, {
      json: false,
      debug: process.env['TESSERA_LOG'] === 'debug',
      writeOut: write,
      writeErr: (text) => process.stderr.write(text),
    });
  }
}

function buildCommand(): Command {
  return new Command('npm start --')
    .description('Opens Tessera: its window, or where there can be none its page in a browser.')
    .argument('[files...]', 'pictures, .tessera files and models to open in the window')
    .option('--browser', 'serve to a browser even where a window could be opened')
    .addOption(
      new Option('--port <number>', 'port of the browser host, 0 = any free one').argParser((text) => {
        const port = Number(text);
        if (Number.isInteger(port) && port >= 0 && port <= 65_535) return port;
        throw new RequestError(
          'REQUEST_INVALID',
          `--port is ${JSON.stringify(text)}; allowed: whole numbers 0 to 65535.`,
        );
      }),
    )
    .option(
      '--home <folder>',
      'data folder: history, pictures, models (default: TESSERA_HOME or the usual place)',
    )
    .option('--models <folders...>', 'folders of checkpoints')
    .exitOverride()
    .configureOutput({ writeErr: () => undefined });
}

async function open(options: StartOptions, files: readonly string[]): Promise<number> {
  const desktop: Electron =
    options.browser === true ? { reason: '--browser was given' } : findDesktop(thisMachine(root));
  if (desktop.binary !== undefined) {
    await build([rendererBuild, preloadBuild]);
    if (options.port !== undefined) write('--port is for the browser host: the window needs none.\n');
    return await openDesktop(desktop.binary, { root, ...options, files });
  }
  write(`No window of its own: ${desktop.reason}. Tessera opens in your browser instead.\n`);
  await build([rendererBuild]);
  return await openBrowserHost(options, write);
}

async function build(builds: readonly Build[]): Promise<void> {
  for (const each of builds) {
    if (!isStale(root, each)) continue;
    process.stderr.write('Building the window …\n');
    await runBuild(root, each);
  }
}
