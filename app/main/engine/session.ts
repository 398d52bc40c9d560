import { env, InferenceSession, listSupportedBackends, Tensor } from 'onnxruntime-node';
import { EngineError } from '#contract/errors.ts';
import type { MemoryMode, Precision, Provider } from '#contract/runtime.ts';

/** The one importer of onnxruntime-node: a graph and the folder of its weights in, plain typed arrays out. */

export type TensorData = Float32Array | BigInt64Array | Int32Array | Uint8Array;
export interface NamedTensor {
  readonly data: TensorData;
  readonly shape: readonly number[];
}

export interface RuntimeOptions {
  /** Threads of one operator; absent: the runtime's choice, one a physical core. */
  readonly threads?: number;
  readonly provider?: Provider;
  /** Which of several devices, as the provider counts them. */
  readonly deviceIndex?: number;
  /** That the graph is to be built in; absent: f32. */
  readonly precision?: Precision;
  /** Low: the weights of convolutions are not laid out anew, which takes them twice while loading; 8 % slower on the CPU. */
  readonly memory?: MemoryMode;
  /** Keeps what a run took for the next one; absent: true. Without, tensors that are large and few are given back after each. */
  readonly keepsArena?: boolean;
  /** Writes a trace of every operator's time beside this prefix. */
  readonly profilePrefix?: string;
  /** Session configuration entries by their onnxruntime names, over the ones set here. */
  readonly config?: Readonly<Record<string, string>>;
}

export interface Session {
  /** Names of what the graph must be fed. */
  readonly inputs: readonly string[];
  /** Runs the graph and returns the outputs named in `fetch`. */
  run(
    feeds: Readonly<Record<string, NamedTensor>>,
    fetch: readonly string[],
  ): Promise<Record<string, NamedTensor>>;
  /** Writes the trace, when profiling. */
  endProfiling(): void;
  release(): Promise<void>;
}

/** What the runtime brings along on this platform; CUDA is told too, whose files are an extra. */
export function runtimeBackends(): { version: string; names: string[] } {
  return { version: env.versions.node ?? 'unknown', names: listSupportedBackends().map(({ name }) => name) };
}

function executionProvider({
  provider = 'cpu',
  deviceIndex = 0,
}: RuntimeOptions): InferenceSession.ExecutionProviderConfig {
  return provider === 'cuda' || provider === 'dml' ? { name: provider, deviceId: deviceIndex } : provider;
}

/** `folder` holds the files that the graph's weights are byte ranges of. Throws ENGINE_FAILED with the runtime's words. */
export async function createSession(
  model: Uint8Array,
  folder: string,
  options: RuntimeOptions = {},
): Promise<Session> {
  let session: InferenceSession;
  try {
    session = await InferenceSession.create(model, {
      executionProviders: [executionProvider(options)],
      graphOptimizationLevel: options.memory === 'low' ? 'extended' : 'all',
      // A pattern is a second block beside the arena's from the second run of a size on: 0.8 GB for a decoder at 512 px.
      // DirectML refuses them (onnxruntime.ai/docs/execution-providers/DirectML-ExecutionProvider.html).
      enableMemPattern: false,
      enableCpuMemArena: options.keepsArena !== false,
      ...(options.provider === 'dml' ? { executionMode: 'sequential' } : {}),
      ...(options.threads === undefined ? {} : { intraOpNumThreads: options.threads }),
      ...(options.profilePrefix === undefined
        ? {}
        : { enableProfiling: true, profileFilePrefix: options.profilePrefix }),
      logSeverityLevel: 3,
      extra: {
        session: {
          model_external_initializers_file_folder_path: folder,
          // Every graph has threads of its own, which look out for more work for a tenth of a second after a run, in the
          // way of the graph that runs next: two in turn took 1.4× as long on two cores.
          force_spinning_stop: '1',
          // Without VNNI, products of signed and unsigned bytes overflow in x86's 16-bit sums; this spends time to avoid it.
          ...(options.precision === 'int8' ? { x64quantprecision: '1' } : {}),
          ...options.config,
        },
      },
    });
  } catch (cause) {
    throw asEngineError('The model could not be loaded', cause);
  }
  return wrap(session);
}

function wrap(session: InferenceSession): Session {
  return {
    inputs: session.inputNames,
    async run(feeds, fetch) {
      const inputs: Record<string, Tensor> = {};
      let results: InferenceSession.OnnxValueMapType;
      try {
        for (const [name, { data, shape }] of Object.entries(feeds)) inputs[name] = toTensor(data, shape);
        results = await session.run(inputs, [...fetch]);
      } catch (cause) {
        throw asEngineError('The model could not be run', cause);
      }
      const outputs: Record<string, NamedTensor> = {};
      for (const name of fetch) outputs[name] = fromTensor(name, results[name]);
      return outputs;
    },
    endProfiling() {
      session.endProfiling();
    },
    async release() {
      await session.release();
    },
  };
}

function toTensor(data: TensorData, shape: readonly number[]): Tensor {
  if (data instanceof Float32Array) return new Tensor('float32', data, [...shape]);
  if (data instanceof BigInt64Array) return new Tensor('int64', data, [...shape]);
  if (data instanceof Int32Array) return new Tensor('int32', data, [...shape]);
  return new Tensor('bool', data, [...shape]);
}

function fromTensor(name: string, value: InferenceSession.OnnxValueMapType[string] | undefined): NamedTensor {
  if (!(value instanceof Tensor)) throw new EngineError('ENGINE_FAILED', `The model gave no tensor ${name}.`);
  const { data } = value;
  if (
    data instanceof Float32Array ||
    data instanceof BigInt64Array ||
    data instanceof Int32Array ||
    data instanceof Uint8Array
  ) {
    return { data, shape: value.dims };
  }
  throw new EngineError('ENGINE_FAILED', `The model gave ${name} as ${value.type}, which is not read here.`);
}

function asEngineError(what: string, cause: unknown): EngineError {
  const words = cause instanceof Error ? cause.message : String(cause);
  const outOfMemory = /bad_alloc|allocat|out of (?:device )?memory|outofmemory|E_OUTOFMEMORY/i.test(words);
  return outOfMemory
    ? new EngineError(
        'ENGINE_OUT_OF_MEMORY',
        `${what}: memory ran out (${words}). Choose a smaller size or a smaller model, or close other programs.`,
        { cause },
      )
    : new EngineError('ENGINE_FAILED', `${what}: ${words}`, { cause });
}
