import { randomInt } from 'node:crypto';
import { basename, extname, resolve } from 'node:path';
import type { JobEvent, JobFigures, MergingReport, ModelReference } from '#contract/engine-protocol.ts';
import { CancelledError, StudioError } from '#contract/errors.ts';
import { formatInfotext } from '#contract/infotext.ts';
import { noticeText } from '#contract/notices/english.ts';
import type { GenerationRequest } from '#contract/request.ts';
import { createEngine } from '#engine/host.ts';
import type { Engine, GenerateJob } from '#engine/host.ts';
import { openCheckpoint } from '#library/checkpoint.ts';
import { resolveModel } from '#library/models.ts';
import { dataFolder } from '#main/data-folder.ts';
import { openMachine } from '#main/machine.ts';
import { toInfotext } from '#main/parameters.ts';
import { tell } from './devices.ts';
import { writeWhole } from '../files.ts';
import { anyDefaults, previewEvery, toRequest } from '../generate-options.ts';
import type { GenerateOptions } from '../generate-options.ts';
import { catchInterrupts } from '../interrupt.ts';
import type { Interrupt } from '../interrupt.ts';
import { MapsWriter } from '../maps-writer.ts';
import { chooseOutput } from '../output-target.ts';
import type { OutputTarget } from '../output-target.ts';
import { PreviewFile } from '../preview-file.ts';
import { createProgress } from '../progress.ts';
import type { Progress } from '../progress.ts';
import { describeJob, describeMergingReport, describePicture, describeRequest } from '../report.ts';
import type { PictureResult } from '../report.ts';
import type { Terminal } from '../terminal.ts';

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
  const interrupt = catchInterrupts(() => {
    terminal.say('Stopping after this step; press Ctrl-C again to stop at once.\n');
  });
  const { startPort, devices } = openMachine({ dataFolder: dataFolder(), log: tell(terminal) });
  const engine = createEngine({ startPort });
  const runtime = { provider: options.device, precision: options.precision, memory: options.memory };
  let outputs: Outputs | undefined;
  try {
    outputs = await openOutputs(options, checked);
    engine.start();
    const { candidates, notices } = await devices.choose(runtime);
    const { path, ...openOptions } = modelReference(options);
    const checkpoint = await openCheckpoint(path, openOptions);
    const request = toRequest(prompt, options, checkpoint.defaults, seed);
    const run = new GenerateRun({ request, outputs, terminal, interrupt, modelName: nameOf(path) });
    const model = { path, ...openOptions };
    await run.run(engine, { ...{ model, runtime, candidates, notices }, previewEvery: every });
    return 0;
  } catch (error) {
    await outputs?.abandon();
    // Ctrl-C reaches the engine's process too, which may be gone before the cancel is heard.
    throw interrupt.signal.aborted && isEngineError(error) ? new CancelledError() : error;
  } finally {
    interrupt.release();
    await engine.dispose();
  }
}

function isEngineError(error: unknown): boolean {
  return error instanceof StudioError && error.code === 'ENGINE_DIED';
}

function modelReference(options: GenerateOptions): ModelReference {
  return {
    path: resolveModel(options.model),
    ...(options.modelKind === undefined ? {} : { kind: options.modelKind }),
    ...(options.config === undefined ? {} : { configFolder: resolve(options.config) }),
  };
}

interface Outputs {
  readonly pictures: OutputTarget;
  readonly maps: MapsWriter | undefined;
  readonly preview: PreviewFile | undefined;
  /** Removes what a job that came to no end has left; pictures that are finished stay. */
  abandon(): Promise<void>;
}

async function openOutputs(options: GenerateOptions, request: GenerationRequest): Promise<Outputs> {
  const preview = options.preview === undefined ? undefined : await PreviewFile.open(options.preview);
  const maps = options.maps === undefined ? undefined : await MapsWriter.open(options.maps);
  const pictures = await chooseOutput(options.out, request.count);
  return {
    ...{ pictures, maps, preview },
    async abandon() {
      await preview?.abandon();
      await maps?.abandon();
      await pictures.abandon();
    },
  };
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

  async run(engine: Engine, job: Omit<GenerateJob, 'request' | 'wantMaps'>): Promise<void> {
    const { request, outputs, terminal, interrupt, modelName } = this.#context;
    terminal.say(describeRequest(request, modelName));
    try {
      const figures = await engine.generate(
        { ...job, request, wantMaps: outputs.maps !== undefined },
        {
          signal: AbortSignal.any([interrupt.signal, this.#stop.signal]),
          onEvent: (event) => {
            this.#hear(event);
          },
        },
      );
      await this.#settle();
      await this.#finish(figures);
    } catch (error) {
      await this.#settle().finally(() => {
        this.#showPictures();
      });
      throw error;
    }
  }

  /** Waits for the files that are being written. Throws what went wrong with one of them. */
  async #settle(): Promise<void> {
    await this.#writing;
    this.#progress?.stop();
    if (this.#writeError !== undefined) throw this.#writeError;
  }

  #hear(event: JobEvent): void {
    const { request, outputs, terminal } = this.#context;
    switch (event.type) {
      case 'warning':
        this.#note(noticeText(event.notice));
        break;
      case 'memory':
      case 'next':
        // What a person should know of them comes as a warning.
        break;
      case 'started':
        this.#merging = event.merging;
        this.#calls = event.calls;
        terminal.say(describeMergingReport(request, event.merging));
        if (outputs.maps !== undefined && event.merging.blocks.length === 0) {
          this.#note('There will be no maps: nothing is merged. Give a --ratio above 0.');
        }
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
      case 'decoding':
        this.#progress?.decoding(event.done, event.strips);
        break;
      case 'picture':
        this.#write(() => this.#keepPicture(event));
        break;
      case 'keeping':
        terminal.say(
          `First what has its steps done is decoded: ${event.pictures} of ${request.count} pictures. Ctrl-C ends it at once.\n`,
        );
        break;
    }
  }

  #note(message: string): void {
    this.#warnings.push(message);
    this.#context.terminal.say(`Note: ${message}\n`);
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
    await preview.write(await encodePng(event.rgb, event.widthPx, event.heightPx, new Map()));
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
    this.#showPictures();
    if (maps !== undefined) terminal.write(`${maps}\n`);
    terminal.say(describeJob(figures));
  }

  #showPictures(): void {
    const { terminal } = this.#context;
    if (terminal.isJson) return;
    for (const result of this.#results) {
      terminal.write(`${result.path}\n`);
      terminal.say(describePicture(result));
    }
  }
}
