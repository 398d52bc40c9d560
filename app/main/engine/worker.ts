import * as v from 'valibot';
import { EngineRequestSchema } from '#contract/engine-protocol.ts';
import type { EngineEvent, EngineRequest } from '#contract/engine-protocol.ts';
import { BugError, EngineError, toWire } from '#contract/errors.ts';
import type { MergingOptions } from '#contract/request.ts';
import { KernelError } from '#kernels/errors.ts';
import type { Checkpoint, OpenOptions } from '#library/checkpoint.ts';
import { embeddedModelPath } from '#library/models.ts';
import { hasSoftwareDriver, tryCandidate } from './devices/trial.ts';
import { generate } from './pipeline/generate.ts';
import { Model } from './pipeline/model.ts';
import type { ParentPort } from './port.ts';
import { Runtime } from './runtime.ts';
import { runtimeBackends } from './session.ts';

/** The engine process: hears requests, does one job at a time, answers. The library comes from the entry that composes it. */
export interface WorkerLibrary {
  openCheckpoint(path: string, options: OpenOptions): Promise<Checkpoint>;
}

export function runWorker(port: ParentPort, library: WorkerLibrary): void {
  const models = new ModelSlot(library);
  let running: { readonly id: number; cancelled: boolean } | undefined;
  const post = (event: EngineEvent): void => {
    port.post(event);
  };

  const serve = async (request: Exclude<EngineRequest, { type: 'cancel' }>): Promise<void> => {
    const job = { id: request.id, cancelled: false };
    running = job;
    try {
      const ending = await answer(request, models, { isCancelled: () => job.cancelled, post });
      running = undefined;
      post(ending);
    } catch (error) {
      running = undefined;
      post({ type: 'failed', id: request.id, error: toWire(asStudioError(error)) });
    }
  };

  port.onMessage((message) => {
    const parsed = v.safeParse(EngineRequestSchema, message);
    if (!parsed.success)
      throw new BugError(`The host sent a message outside the protocol: ${parsed.issues[0].message}`);
    const request = parsed.output;
    if (request.type === 'cancel') {
      if (running?.id === request.job) running.cancelled = true;
    } else if (running !== undefined) {
      const error = new EngineError(
        'ENGINE_BUSY',
        `The engine is working on job ${running.id}. It does one at a time.`,
      );
      post({ type: 'failed', id: request.id, error: toWire(error) });
    } else {
      void serve(request);
    }
  });
}

interface Line {
  readonly isCancelled: () => boolean;
  readonly post: (event: EngineEvent) => void;
}

async function answer(
  request: Exclude<EngineRequest, { type: 'cancel' }>,
  models: ModelSlot,
  { isCancelled, post }: Line,
): Promise<EngineEvent> {
  const { id } = request;
  switch (request.type) {
    case 'load': {
      const start = performance.now();
      await preload(await models.get(request), request.merging);
      return { type: 'loaded', id, tookMs: performance.now() - start };
    }
    case 'unload':
      await models.release();
      return { type: 'done', id };
    case 'backends':
      return { type: 'backends', id, ...runtimeBackends() };
    case 'trial': {
      const checkpoint = await models.library.openCheckpoint(embeddedModelPath(), {});
      const verdict = await tryCandidate(checkpoint, request.candidate);
      return { type: 'tried', id, verdict, software: await hasSoftwareDriver() };
    }
    case 'generate': {
      const start = performance.now();
      const model = await models.get(request);
      const openMs = performance.now() - start;
      const figures = await generate(model, {
        ...request,
        memory: request.runtime.memory,
        isCancelled,
        emit: (event) => {
          post({ ...event, id });
        },
      });
      const { loadMs, totalMs } = figures;
      return {
        type: 'done',
        id,
        figures: { ...figures, loadMs: loadMs + openMs, totalMs: totalMs + openMs },
      };
    }
  }
}

async function preload(model: Model, merging: MergingOptions): Promise<void> {
  await model.tokenizer();
  await model.textEncoder();
  await model.unet(merging);
  await model.vaeDecoder();
}

type Wanted = Pick<Extract<EngineRequest, { type: 'load' | 'generate' }>, 'model' | 'candidates' | 'notices'>;

/** The one model that is loaded. */
class ModelSlot {
  readonly library: WorkerLibrary;
  #key: string | undefined;
  #model: Model | undefined;

  constructor(library: WorkerLibrary) {
    this.library = library;
  }

  /** Loaded for the same candidates: others would run it elsewhere. */
  async get({ model, candidates = [], notices = [] }: Wanted): Promise<Model> {
    const { path, ...options } = model;
    const key = JSON.stringify([path, options.kind, options.configFolder, candidates, notices]);
    if (this.#model !== undefined && this.#key === key) return this.#model;
    await this.release();
    this.#model = new Model(
      await this.library.openCheckpoint(path, options),
      new Runtime(candidates, notices),
    );
    this.#key = key;
    return this.#model;
  }

  async release(): Promise<void> {
    const model = this.#model;
    this.#model = undefined;
    await model?.release();
  }
}

/** Kernels have their own errors, since they import nothing of the contract. */
function asStudioError(error: unknown): unknown {
  return error instanceof KernelError
    ? new EngineError('ENGINE_FAILED', error.message, { cause: error })
    : error;
}
