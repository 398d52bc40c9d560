import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Argument, Command, Option } from 'commander';
import { RequestError } from '#contract/errors.ts';
import { modelKinds } from '#contract/model.ts';
import type { ModelKind } from '#contract/model.ts';
import type { ServeOptions } from '#main/hosts/browser/serve.ts';
import { precisions, providers } from '#contract/runtime.ts';
import type { CheckRuntime } from './check/runtime.ts';
import { checkCommand } from './commands/check.ts';
import { devicesCommand } from './commands/devices.ts';
import { extraActions, extrasCommand, type ExtraAction } from './commands/extras.ts';
import { generateCommand } from './commands/generate.ts';
import { inspectCommand } from './commands/inspect.ts';
import { reportFailure, isHelp } from './failure.ts';
import { removeUnfinished } from './files.ts';
import { addGenerateOptions } from './generate-options.ts';
import type { GenerateOptions } from './generate-options.ts';
import { createTerminal } from './terminal.ts';
import type { Terminal } from './terminal.ts';

/** What every command understands. */
interface CommonOptions {
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly debug?: boolean;
}

/** Runs one command line and returns the exit code. */
export async function runTerminal(args: readonly string[]): Promise<number> {
  let exitCode = 0;
  // However the process ends, an uncaught error and a second Ctrl-C included.
  process.once('exit', removeUnfinished);
  const program = buildProgram((code) => {
    exitCode = code;
  });
  try {
    await program.parseAsync(args, { from: 'user' });
    return exitCode;
  } catch (error) {
    if (isHelp(error)) return 0;
    // The options may be what is wrong, so they are looked for by hand.
    return reportFailure(error, {
      json: args.includes('--json'),
      debug: args.includes('--debug'),
      writeOut: (text) => process.stdout.write(text),
      writeErr: (text) => process.stderr.write(text),
    });
  }
}

function buildProgram(setExitCode: (code: number) => void): Command {
  const version = readVersion();
  const program = new Command('tessera')
    .description('Pictures from Stable Diffusion checkpoints on this machine, faster by token merging.')
    .version(version, '-V, --version', 'print the version')
    .helpCommand('help [command]', 'help for a command')
    .showHelpAfterError(false)
    .exitOverride()
    .configureOutput({ writeErr: () => undefined });
  const run =
    <A extends unknown[]>(action: (terminal: Terminal, ...args: A) => Promise<number>) =>
    async (options: CommonOptions, ...args: A): Promise<void> => {
      const terminal = createTerminal({
        json: options.json === true,
        quiet: options.quiet === true,
        version,
      });
      setExitCode(await action(terminal, ...args));
    };
  addGenerate(program, run);
  addInspect(program, run);
  addCheck(program, run);
  addServe(program, run);
  addDevices(program, run);
  addExtras(program, run);
  addBench(program, setExitCode);
  return program;
}

type Run = <A extends unknown[]>(
  action: (terminal: Terminal, ...args: A) => Promise<number>,
) => (options: CommonOptions, ...args: A) => Promise<void>;

function addCommon(command: Command): Command {
  return command
    .optionsGroup('Talk:')
    .option('--json', 'one JSON object on stdout, nothing else')
    .option('-q, --quiet', 'results only: no progress, no notes')
    .option('--debug', 'with an error, where in the program it came from')
    .helpOption('-h, --help', 'help for this command');
}

function addGenerate(program: Command, run: Run): void {
  const command = addGenerateOptions(
    program
      .command('generate')
      .argument('<prompt>', 'what the picture should show; (word:1.3) weighs a word'),
  ).description('Makes pictures from a prompt.');
  addCommon(command)
    .addHelpText(
      'after',
      `
Examples:
  tessera generate "a red sun over blue mountains" --out sun.png
  tessera generate "a red sun over blue mountains" --size 512x512 --ratio 0.5 --maps maps
  tessera generate "a lighthouse" --model ~/models/dreamy.safetensors --steps 30 --count 4

Exit codes: 0 done, 1 failed, 2 wrong request, 130 stopped with Ctrl-C. docs/usage.md has more.`,
    )
    .action(async (prompt: string, options: GenerateOptions & CommonOptions) => {
      await run((terminal) => generateCommand(prompt, options, terminal))(options);
    });
}

function addInspect(program: Command, run: Run): void {
  const command = program
    .command('inspect')
    .argument('[model]', 'a diffusers folder or a .safetensors file (default: the embedded model)')
    .description('Says what a checkpoint is: kind, nets, defaults, blocks that can merge.')
    .addOption(
      new Option('--model-kind <kind>', 'what the checkpoint is, when it cannot tell itself').choices(
        modelKinds,
      ),
    )
    .option('--config <folder>', 'diffusers folder whose config.json files describe a single file');
  addCommon(command).action(
    async (
      model: string | undefined,
      options: CommonOptions & { modelKind?: ModelKind; config?: string },
    ) => {
      const open = {
        ...(options.modelKind === undefined ? {} : { kind: options.modelKind }),
        ...(options.config === undefined ? {} : { configFolder: options.config }),
      };
      await run((terminal) => inspectCommand(model, open, terminal))(options);
    },
  );
}

function addServe(program: Command, run: Run): void {
  const command = program
    .command('serve')
    .description('Serves the studio to a browser, on this machine alone unless told otherwise.')
    .option('--host <address>', 'address to listen on; other than this machine needs --token', '127.0.0.1')
    .option(
      '--port <number>',
      'port to listen on, 0 = any free one (default: the first free from 7860)',
      toPort,
    )
    .option(
      '--home <folder>',
      "data folder: history, pictures, models (default: TESSERA_HOME or the system's place)",
    )
    .option('--models <folders...>', 'folders of checkpoints')
    .option('--token <text>', 'what a visitor must know, 16 characters or more');
  addCommon(command).action(async (options: CommonOptions & ServeOptions) => {
    // Loaded here: no other command needs the studio.
    const { serveCommand } = await import('./commands/serve.ts');
    await run((terminal) => serveCommand(options, terminal))(options);
  });
}

function toPort(text: string): number {
  const port = Number(text);
  if (Number.isInteger(port) && port >= 0 && port <= 65_535) return port;
  throw new RequestError(
    'REQUEST_INVALID',
    `--port is ${JSON.stringify(text)}; allowed: whole numbers 0 to 65535.`,
  );
}

function addCheck(program: Command, run: Run): void {
  const command = program
    .command('check')
    .argument('<folder>', 'folder of golden data, laid out as tests/golden')
    .description(
      "Compares this machine's results with golden data: token merging, schedulers, noise, tokens, nets.",
    );
  command
    .addOption(
      new Option('--provider <provider>', 'where nets and merging run').choices(providers).default('cpu'),
    )
    .addOption(
      new Option('--precision <precision>', 'what the U-Net computes in').choices(precisions).default('f32'),
    );
  addCommon(command).action(async (folder: string, options: CommonOptions & CheckRuntime) => {
    const { provider, precision } = options;
    await run((terminal) => checkCommand(folder, { provider, precision }, terminal))(options);
  });
}

function addDevices(program: Command, run: Run): void {
  const command = program
    .command('devices')
    .description('Lists what pictures can be made on, with the verdict of a short trial.')
    .option('--measure', 'try each device anew');
  addCommon(command).action(async (options: CommonOptions & { measure?: boolean }) => {
    await run((terminal) => devicesCommand(options.measure === true, terminal))(options);
  });
}

function addExtras(program: Command, run: Run): void {
  const command = program
    .command('extras')
    .addArgument(new Argument('<action>', 'what to do with it').choices(extraActions))
    .addArgument(new Argument('<name>', 'cuda: for cards of NVIDIA on Linux, 0.3 GB').choices(['cuda']))
    .description('Downloads, checks or removes files that most do not need.')
    .option('--feed <url>', "a mirror's NuGet service index (default: the one that onnxruntime-node names)");
  addCommon(command).action(
    async (action: ExtraAction, _name: string, options: CommonOptions & { feed?: string }) => {
      await run((terminal) => extrasCommand(action, options.feed, terminal))(options);
    },
  );
}

/** bench has its own options: they are handed through as they are. */
function addBench(program: Command, setExitCode: (code: number) => void): void {
  program
    .command('bench')
    .description('Measures time and memory; "tessera bench --help" lists what it measures.')
    .helpOption(false)
    .allowUnknownOption()
    .argument('[arguments...]')
    .action(async (args: string[]) => {
      const { runBench } = await import('#bench/main.ts');
      setExitCode(await runBench(args));
    });
}

function readVersion(): string {
  const path = join(import.meta.dirname, '..', '..', '..', '..', 'package.json');
  const text: unknown = JSON.parse(readFileSync(path, 'utf8'));
  return typeof text === 'object' && text !== null && 'version' in text ? String(text.version) : 'unknown';
}
