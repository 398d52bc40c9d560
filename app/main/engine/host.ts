import * as v from 'valibot';
import { EngineEventSchema } from '#contract/engine-protocol.ts';
import type {
  EngineEvent,
  EngineRequest,
  JobEvent,
  JobFigures,
  ModelReference,
} from '#contract/engine-protocol.ts';
import { BugError, CancelledError, EngineError, fromWire, invariant } from '#contract/errors.ts';
import type { Notice } from '#contract/notices/notice.ts';
import { autoRuntime, type Candidate, type RuntimeChoice, type Verdict } from '#contract/runtime.ts';
import type { GenerationRequest, MergingOptions } from '#contract/request.ts';
import { describeExit, isOutOfMemory, withRemedies } from './exit.ts';
import type { MemoryOutlook } from './exit.ts';
import type { EnginePort } from './port.ts';

/** Starts the engine process when it is needed, gives it one job at a time, and outlives it. */
export interface Engine {
  /** Process id while one runs. */
  readonly pid: number | undefined;
  /** Starts the process ahead of the first job, which saves its start-up time. */
  start(): void;
  /** Loads what a request with this merging will need. */
  load(model: ModelReference, merging: MergingOptions, options?: JobOptions): Promise<{ tookMs: number }>;
  generate(job: GenerateJob, options?: JobOptions): Promise<JobFigures>;
  unload(): Promise<void>;
  /** The runtime's version, and the providers that it brings along on this platform. */
  backends(): Promise<{ version: string; names: readonly string[] }>;
  /** A short pass on this device, compared with the CPU's. */
  trial(candidate: Candidate): Promise<{ verdict: Verdict; software: boolean }>;
  /** Ends the process. A running job fails as cancelled. */
  dispose(): Promise<void>;
}

export interface GenerateJob {
  readonly model: ModelReference;
  readonly request: GenerationRequest;
  readonly previewEvery?: number;
  readonly wantMaps?: boolean;
  /** Absent: the engine chooses. */
  readonly runtime?: RuntimeChoice;
  /** Where to run, best first; absent: on the CPU. */
  readonly candidates?: readonly Candidate[];
  readonly notices?: readonly Notice[];
}

export interface JobOptions {
  readonly onEvent?: (event: JobEvent) => void;
  readonly signal?: AbortSignal | undefined;
}

export interface EngineOptions {
  readonly startPort: () => EnginePort;
  /** A cancel that is not answered for this long ends the process: one step can take minutes. */
  readonly cancelLimitMs?: number;
  /** Called whenever the process is gone or given up, and with it what it had loaded and learned. */
  readonly onEnd?: () => void;
}

type RequestBody = EngineRequest extends infer R ? (R extends { id: number } ? Omit<R, 'id'> : never) : never;
type Ending = Exclude<EngineEvent, JobEvent | { type: 'failed' }>;

interface Job {
  readonly id: number;
  readonly onEvent: (event: JobEvent) => void;
  readonly resolve: (ending: Ending) => void;
  readonly reject: (error: Error) => void;
  cancelled: boolean;
  /** After a cancel it is still heard: pictures come whose steps were done. */
  keeping: boolean;
  /** Ends the process of a cancel that is not answered. */
  limit?: NodeJS.Timeout;
  /** What the engine said of the job's memory before it began. */
  outlook?: MemoryOutlook;
}

const defaultCancelLimitMs = 10_000;

export function createEngine(options: EngineOptions): Engine {
  return new EngineHost(options);
}

class EngineHost implements Engine {
  readonly #startPort: () => EnginePort;
  readonly #cancelLimitMs: number;
  readonly #onEnd: () => void;
  #port: EnginePort | undefined;
  #exited: Promise<void> = Promise.resolve();
  #lastId = 0;
  #job: Job | undefined;

  constructor(options: EngineOptions) {
    this.#startPort = options.startPort;
    this.#cancelLimitMs = options.cancelLimitMs ?? defaultCancelLimitMs;
    this.#onEnd = options.onEnd ?? (() => undefined);
  }

  get pid(): number | undefined {
    return this.#port?.pid;
  }

  start(): void {
    this.#port ??= this.#start();
  }

  async load(
    model: ModelReference,
    merging: MergingOptions,
    options?: JobOptions,
  ): Promise<{ tookMs: number }> {
    const ending = await this.#run({ type: 'load', model, merging, runtime: autoRuntime }, options);
    invariant(ending.type === 'loaded', 'The engine answered a load with something else.');
    return { tookMs: ending.tookMs };
  }

  async generate(job: GenerateJob, options: JobOptions = {}): Promise<JobFigures> {
    const { model, request, previewEvery = 0, wantMaps = false, runtime = autoRuntime } = job;
    const body = { type: 'generate', model, request, previewEvery, wantMaps, runtime } as const;
    const { candidates = [], notices = [] } = job;
    const where = { candidates: [...candidates], notices: [...notices] };
    let pictures = 0;
    const onEvent = (event: JobEvent): void => {
      if (event.type === 'picture') pictures++;
      options.onEvent?.(event);
    };
    try {
      const ending = await this.#run({ ...body, ...where }, { ...options, onEvent });
      invariant(
        ending.type === 'done' && ending.figures !== undefined,
        'The engine ended a job without its figures.',
      );
      return ending.figures;
    } catch (error) {
      const next = pictures === 0 ? withoutFirstDevice(candidates, error) : undefined;
      if (next === undefined) throw error;
      // The next job comes with all candidates, to a process that knows nothing of this end.
      const tell = (event: JobEvent): void =>
        options.onEvent?.(event.type === 'next' ? { ...event, place: next.first } : event);
      return await this.generate(
        { ...job, candidates: next.left, notices: [...notices, next.notice] },
        { ...options, onEvent: tell },
      );
    }
  }

  async unload(): Promise<void> {
    if (this.#port !== undefined) await this.#run({ type: 'unload' });
  }

  async backends(): Promise<{ version: string; names: readonly string[] }> {
    const ending = await this.#run({ type: 'backends' });
    invariant(ending.type === 'backends', 'The engine answered with something else than its backends.');
    return ending;
  }

  async trial(candidate: Candidate): Promise<{ verdict: Verdict; software: boolean }> {
    const ending = await this.#run({ type: 'trial', candidate });
    invariant(ending.type === 'tried', 'The engine answered a trial with something else.');
    return ending;
  }

  async dispose(): Promise<void> {
    if (this.#job !== undefined) this.#job.cancelled = true;
    this.#port?.kill();
    await this.#exited;
  }

  async #run(body: RequestBody, { onEvent, signal }: JobOptions = {}): Promise<Ending> {
    if (this.#job !== undefined) {
      throw new EngineError(
        'ENGINE_BUSY',
        'The engine is working on another job. It does one at a time: wait for it to end, or cancel it.',
      );
    }
    if (signal?.aborted === true) throw new CancelledError();
    const port = (this.#port ??= this.#start());
    const id = ++this.#lastId;
    const cancel = (): void => {
      if (this.#job?.id !== id) return;
      this.#job.cancelled = true;
      port.post({ type: 'cancel', id: ++this.#lastId, job: id } satisfies EngineRequest);
      this.#job.limit = setTimeout(() => port.kill(), this.#cancelLimitMs);
    };
    try {
      return await new Promise<Ending>((resolve, reject) => {
        const state = { cancelled: false, keeping: false };
        this.#job = { id, onEvent: onEvent ?? (() => undefined), resolve, reject, ...state };
        signal?.addEventListener('abort', cancel, { once: true });
        port.post({ ...body, id } satisfies EngineRequest);
      });
    } finally {
      signal?.removeEventListener('abort', cancel);
    }
  }

  #start(): EnginePort {
    const port = this.#startPort();
    port.onMessage((message) => {
      if (this.#port === port) this.#hear(message, port);
    });
    this.#exited = new Promise((resolve) => {
      port.onExit((exit) => {
        // A port that was given up already has no job any more; its successor's job is not its to fail.
        if (this.#port === port) {
          this.#port = undefined;
          this.#onEnd();
          const job = this.#takeJob();
          job?.reject(job.cancelled ? new CancelledError() : describeExit(exit, job.outlook));
        }
        resolve();
      });
    });
    return port;
  }

  #hear(message: unknown, port: EnginePort): void {
    const parsed = v.safeParse(EngineEventSchema, message);
    if (!parsed.success) {
      this.#giveUp(
        port,
        new BugError(`The engine sent a message outside the protocol: ${parsed.issues[0].message}`),
      );
      return;
    }
    const event = parsed.output;
    if (this.#job?.id !== event.id) return;
    if (event.type === 'memory') this.#job.outlook = event;
    if (event.type === 'keeping') {
      // The cancel is answered.
      clearTimeout(this.#job.limit);
      this.#job.keeping = true;
    }
    if (event.type === 'failed') {
      const error = withRemedies(fromWire(event.error), this.#job.outlook);
      // What ran out of memory gives it back whole only by ending.
      if (isOutOfMemory(error) && !this.#job.cancelled) this.#giveUp(port, error);
      else this.#takeJob()?.reject(error);
    } else if (isEnding(event)) {
      this.#takeJob()?.resolve(event);
    } else if (!this.#job.cancelled || this.#job.keeping || event.type === 'next') {
      try {
        this.#job.onEvent(event);
      } catch (error) {
        this.#giveUp(port, error instanceof Error ? error : new Error(String(error)));
      }
    }
  }

  /** Fails the job and ends the process, which would go on with it. */
  #giveUp(port: EnginePort, error: Error): void {
    this.#takeJob()?.reject(error);
    this.#port = undefined;
    this.#onEnd();
    port.kill();
  }

  #takeJob(): Job | undefined {
    const job = this.#job;
    this.#job = undefined;
    clearTimeout(job?.limit);
    return job;
  }
}

function isEnding(event: Exclude<EngineEvent, { type: 'failed' }>): event is Ending {
  return ['done', 'loaded', 'backends', 'tried'].includes(event.type);
}

/** Where a job can go on whose device took the process down with it, as some drivers do instead of failing. */
function withoutFirstDevice(candidates: readonly Candidate[], error: unknown) {
  const [first, ...rest] = candidates;
  if (first === undefined || first.provider === 'cpu') return undefined;
  if (!(error instanceof EngineError) || error.code !== 'ENGINE_DIED') return undefined;
  const left = rest.filter(({ provider, index }) => provider !== first.provider || index !== first.index);
  const [next] = left;
  if (next === undefined) return undefined;
  const notice: Notice = { code: 'engine-ended', from: first, to: next, reason: error.message };
  return { first, left, notice };
}
