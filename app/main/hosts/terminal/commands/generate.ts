import { randomInt } from 'node:crypto';
import { basename, dirname, extname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { JobEvent, JobFigures, MergingReport, ModelReference } from '#contract/engine-protocol.ts';
import { formatInfotext } from '#contract/infotext.ts';
import type { GenerationRequest } from '#contract/request.ts';
import { createEngine } from '#engine/host.ts';
import type { Engine } from '#engine/host.ts';
import { createChildProcessPort } from '#engine/port.ts';
import { openCheckpoint } from '#library/checkpoint.ts';
import { resolveModel } from '#library/models.ts';
import { toInfotext } from '#main/parameters.ts';
import { assertFolderWritable, writeWhole } from '../files.ts';
import { anyDefaults, previewEvery, toRequest } from '../generate-options.ts';
import type { GenerateOptions } from '../generate-options.ts';
import { catchInterrupts } from '../interrupt.ts';
import type { Interrupt } from '../interrupt.ts';
import { MapsWriter } from '../maps-writer.ts';
import { chooseOutput } from '../output-target.ts';
import type { OutputTarget } from '../output-target.ts';
import { createProgress } from '../progress.ts';
import type { Progress } from '../progress.ts';
import { describeJob, describeMergingReport, describePicture, describeRequest } from '../report.ts';
import type { PictureResult } from '../report.ts';
import type { Terminal } from '../terminal.ts';

const engineEntry = fileURLToPath(import.meta.resolve('#main/engine-process.ts'));
/** Random seeds stay short enough to be typed again. */
const seedLimit = 2 ** 32;

export async function generateCommand(
  prompt: string,
  options: GenerateOptions,
  terminal: Terminal,
): Promise<number> {
  const seed = randomInt(seedLimit);
  const checked = toRequest(prompt, options, anyDefaults, seed);
  const every = previewEvery(options);
  const outputs = await openOutputs(options, checked);
  const interrupt = catchInterrupts();
  const engine = createEngine({ startPort: () => createChildProcessPort(engineEntry) });
  try {
    engine.start();
    const model: ModelReference = {
      path: resolveModel(options.model),
      ...(options.modelKind === undefined ? {} : { kind: options.modelKind }),
      ...(options.config === undefined ? {} : { configFolder: resolve(options.config) }),
    };
    const { path, ...openOptions } = model;
    const checkpoint = await openCheckpoint(path, openOptions);
    const request = toRequest(prompt, options, checkpoint.defaults, seed);
    const run = new GenerateRun({ request, outputs, terminal, interrupt, modelName: nameOf(path) });
    await run.run(engine, model, every);
    return 0;
  } catch (error) {
    await outputs.maps?.abandon();
    await outputs.pictures.abandon();
    throw error;
  } finally {
    interrupt.release();
    await engine.dispose();
  }
}

interface Outputs {
  readonly pictures: OutputTarget;
  readonly maps: MapsWriter | undefined;
  readonly preview: string | undefined;
}

async function openOutputs(options: GenerateOptions, request: GenerationRequest): Promise<Outputs> {
  const preview = options.preview === undefined ? undefined : resolve(options.preview);
  if (preview !== undefined) await assertFolderWritable(dirname(preview), preview);
  const maps = options.maps === undefined ? undefined : await MapsWriter.open(options.maps);
  return { pictures: await chooseOutput(options.out, request.count), maps, preview };
}

/** `models/demo` → demo, `…/dreamy.safetensors` → dreamy. */
function nameOf(modelPath: string): string {
  return basename(modelPath, extname(modelPath) === '.safetensors' ? '.safetensors' : '');
}

interface RunContext {
  readonly request: GenerationRequest;
  readonly outputs: Outputs;
  readonly terminal: Terminal;
  readonly interrupt: Interrupt;
  readonly modelName: string;
}

/** One job: hears the engine's events, writes what comes, tells how far it is. */
class GenerateRun {
  readonly #context: RunContext;
  readonly #progress: Progress | undefined;
  readonly #stop = new AbortController();
  readonly #results: PictureResult[] = [];
  readonly #warnings: string[] = [];
  #merging: MergingReport | undefined;
  #calls = 0;
  #startToFirstStepMs: number | undefined;
  /** Files are written one after another, while the engine computes on. */
  #writing: Promise<void> = Promise.resolve();
  #writeError: Error | undefined;

  constructor(context: RunContext) {
    this.#context = context;
    if (context.terminal.isTalkative) this.#progress = createProgress(process.stderr);
  }

  async run(engine: Engine, model: ModelReference, every: number): Promise<void> {
    const { request, outputs, terminal, interrupt, modelName } = this.#context;
    terminal.say(describeRequest(request, modelName));
    let figures: JobFigures;
    try {
      figures = await engine.generate(
        { model, request, previewEvery: every, wantMaps: outputs.maps !== undefined },
        {
          signal: AbortSignal.any([interrupt.signal, this.#stop.signal]),
          onEvent: (event) => {
            this.#hear(event);
          },
        },
      );
    } catch (error) {
      await this.#writing;
      throw this.#writeError ?? error;
    } finally {
      this.#progress?.stop();
    }
    await this.#writing;
    if (this.#writeError !== undefined) throw this.#writeError;
    await this.#finish(figures);
  }

  #hear(event: JobEvent): void {
    const { request, outputs, terminal } = this.#context;
    switch (event.type) {
      case 'warning':
        this.#warnings.push(event.message);
        terminal.say(`Note: ${event.message}\n`);
        break;
      case 'started':
        this.#merging = event.merging;
        this.#calls = event.calls;
        terminal.say(describeMergingReport(request, event.merging));
        this.#progress?.start(event.calls * request.count);
        break;
      case 'progress':
        // performance.now() counts from the start of this process.
        this.#startToFirstStepMs ??= performance.now();
        this.#progress?.step(event.picture * this.#calls + event.call, event.tookMs);
        break;
      case 'maps':
        this.#write(async () => outputs.maps?.add(event));
        break;
      case 'preview':
        this.#write(() => this.#keepPreview(event));
        break;
      case 'picture':
        this.#write(() => this.#keepPicture(event));
        break;
    }
  }

  /** A file that cannot be written stops the job: nothing of it could be kept. */
  #write(work: () => Promise<void>): void {
    this.#writing = this.#writing
      .then(async () => {
        if (this.#writeError === undefined) await work();
      })
      .catch((error: unknown) => {
        this.#writeError = error instanceof Error ? error : new Error(String(error));
        this.#stop.abort();
      });
  }

  async #keepPreview(event: Extract<JobEvent, { type: 'preview' }>): Promise<void> {
    const { preview } = this.#context.outputs;
    if (preview === undefined) return;
    const { encodePng } = await import('../png.ts');
    await writeWhole(preview, await encodePng(event.rgb, event.widthPx, event.heightPx, new Map()));
  }

  async #keepPicture(event: Extract<JobEvent, { type: 'picture' }>): Promise<void> {
    const { request, outputs, terminal, modelName } = this.#context;
    const { picture, seed, widthPx, heightPx, figures } = event;
    const { encodePng } = await import('../png.ts');
    const parameters = formatInfotext(toInfotext({ request, seed, modelName, version: terminal.version }));
    const png = await encodePng(event.rgb, widthPx, heightPx, new Map([['parameters', parameters]]));
    const path = await outputs.pictures.place(picture, seed, request.prompt);
    await writeWhole(path, png);
    this.#results.push({ path, picture, seed, widthPx, heightPx, figures });
  }

  async #finish(figures: JobFigures): Promise<void> {
    const { request, outputs, terminal, modelName } = this.#context;
    const maps = await outputs.maps?.finish(
      request,
      this.#results.map(({ picture, seed, path }) => ({ picture, seed, file: path })),
    );
    if (terminal.isJson) {
      terminal.json({
        ...{ ok: true, model: modelName, request, merging: this.#merging, warnings: this.#warnings },
        pictures: this.#results.map((result) => ({ ...result, picture: result.picture + 1 })),
        ...(maps === undefined ? {} : { maps }),
        figures: { ...figures, startToFirstStepMs: this.#startToFirstStepMs },
      });
      return;
    }
    for (const result of this.#results) {
      terminal.write(`${result.path}\n`);
      terminal.say(describePicture(result));
    }
    if (maps !== undefined) terminal.write(`${maps}\n`);
    terminal.say(describeJob(figures));
  }
}
