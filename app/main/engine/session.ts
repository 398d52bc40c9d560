import { env, InferenceSession, listSupportedBackends, Tensor } from 'onnxruntime-node';
import { EngineError, invariant } from '#contract/errors.ts';
import type { MemoryMode, Precision, Provider } from '#contract/runtime.ts';
import { DeviceTensor } from './device-tensor.ts';

/** The one importer of onnxruntime-node: a graph and the folder of its weights in, plain typed arrays out. */

export type TensorData = Float32Array | BigInt64Array | Int32Array | Uint8Array;
export interface NamedTensor {
  readonly data: TensorData;
  readonly shape: readonly number[];
}

/** What one run leaves for a later one: on the device where it stays there, else here. */
export type KeptTensor = NamedTensor | DeviceTensor;
type Feeds = Readonly<Record<string, KeptTensor>>;

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
  /** Outputs that stay on the device: WebGPU's alone. Beside them one must come here, or what goes there piles up. */
  readonly staying?: readonly string[];
  /** Session configuration entries by their onnxruntime names, over the ones set here. */
  readonly config?: Readonly<Record<string, string>>;
}

export interface Session {
  /** Names of what the graph must be fed. */
  readonly inputs: readonly string[];
  /** Runs the graph and returns the outputs named in `fetch`, none of which may be one that stays. */
  run(feeds: Feeds, fetch: readonly string[]): Promise<Record<string, NamedTensor>>;
  /** The same; those named in `keep` come as they are left, for later runs on the same device. */
  runKeeping(
    feeds: Feeds,
    fetch: readonly string[],
    keep: readonly string[],
  ): Promise<{
    readonly outputs: Record<string, NamedTensor>;
    readonly kept: Record<string, KeptTensor>;
  }>;
  /** Writes the trace, when profiling. */
  endProfiling(): void;
  /** What it left on the device goes first. */
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
      ...(options.staying === undefined || options.staying.length === 0
        ? {}
        : {
            preferredOutputLocation: Object.fromEntries(options.staying.map((name) => [name, 'gpu-buffer'])),
          }),
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
  return new LoadedSession(session, options);
}

/** The runtime's own of what lies on a device. */
const onDevice = new WeakMap<DeviceTensor, Tensor>();

class LoadedSession implements Session {
  readonly #session: InferenceSession;
  readonly #place: string;
  /** Where there is one, all outputs are asked for: the binding tells their places by their order among those asked for. */
  readonly #staying: readonly string[];
  readonly #left = new Set<DeviceTensor>();

  constructor(session: InferenceSession, options: RuntimeOptions) {
    this.#session = session;
    this.#place = placeOf(options);
    this.#staying = options.staying ?? [];
  }

  get inputs(): readonly string[] {
    return this.#session.inputNames;
  }

  async run(feeds: Feeds, fetch: readonly string[]): Promise<Record<string, NamedTensor>> {
    const { outputs } = await this.runKeeping(feeds, fetch, []);
    return outputs;
  }

  async runKeeping(feeds: Feeds, fetch: readonly string[], keep: readonly string[]) {
    const staying = fetch.find((name) => this.#staying.includes(name));
    invariant(staying === undefined, `${staying} stays on the device and was asked for here.`);
    const results = await this.#results(feeds, [...fetch, ...keep]);
    // First what lies on the device, so that nothing stays there unseen when something else is not as it should be.
    const kept: Record<string, KeptTensor> = {};
    for (const [name, value] of Object.entries(results)) {
      if (!(value instanceof Tensor) || value.location !== 'gpu-buffer') continue;
      if (keep.includes(name)) kept[name] = this.#leave(value);
      else value.dispose();
    }
    for (const name of keep) kept[name] ??= fromTensor(name, results[name]);
    const outputs: Record<string, NamedTensor> = {};
    for (const name of fetch) outputs[name] = fromTensor(name, results[name]);
    return { outputs, kept };
  }

  async #results(feeds: Feeds, names: readonly string[]): Promise<InferenceSession.OnnxValueMapType> {
    for (const [name, value] of Object.entries(feeds))
      if (value instanceof DeviceTensor) value.assertUsable(this.#place, name);
    try {
      const inputs: Record<string, Tensor> = {};
      for (const [name, value] of Object.entries(feeds)) inputs[name] = toTensor(value);
      return await (this.#staying.length > 0 ? this.#session.run(inputs) : this.#session.run(inputs, names));
    } catch (cause) {
      throw asEngineError('The model could not be run', cause);
    }
  }

  #leave(value: Tensor): DeviceTensor {
    const tensor = new DeviceTensor(value.dims, this.#place, () => {
      this.#left.delete(tensor);
      onDevice.delete(tensor);
      value.dispose();
    });
    this.#left.add(tensor);
    onDevice.set(tensor, value);
    return tensor;
  }

  endProfiling(): void {
    this.#session.endProfiling();
  }

  async release(): Promise<void> {
    for (const tensor of this.#left) tensor.dispose();
    await this.#session.release();
  }
}

/** Sessions of one place share a device, and may be fed what another left there. */
function placeOf({ provider = 'cpu', deviceIndex = 0 }: RuntimeOptions): string {
  return `${provider} ${deviceIndex}`;
}

function toTensor(value: KeptTensor): Tensor {
  if (value instanceof DeviceTensor) {
    const tensor = onDevice.get(value);
    invariant(tensor !== undefined, 'A value that is not gone has a tensor.');
    return tensor;
  }
  const { data, shape } = value;
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
