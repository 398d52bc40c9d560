import type { Checkpoint } from '#library/checkpoint.ts';
import { mergeStructure } from '#kernels/tome/plan.ts';
import type { MergeStructure } from '#kernels/tome/structure.ts';
import { EngineError } from '#contract/errors.ts';
import type { Notice } from '#contract/notices/notice.ts';
import type { MergingOptions, StepCache } from '#contract/request.ts';
import type { Candidate, MemoryMode, NetPartName } from '#contract/runtime.ts';
import type { DeviceRoom } from '../memory/device-room.ts';
import { keptTextBytes } from '../memory/process-size.ts';
import { modelWeights, type ModelWeights } from '../memory/weights.ts';
import { loadTextEncoder, type TextEncoder } from '../nets/text-encoder.ts';
import { loadUnet, type Unet } from '../nets/unet.ts';
import { loadVaeDecoder, type VaeDecoder } from '../nets/vae.ts';
import { loadDecoderFront, loadDecoderPiece, type Piece } from '../nets/vae-pieces.ts';
import { Runtime } from '../runtime.ts';
import type { RuntimeOptions } from '../session.ts';
import { loadClipTokenizer, type ClipTokenizer } from '../text/tokenizer.ts';
import type { RequestUnet } from './step-cache.ts';
import type { Decoding } from './decode.ts';
import { fitsWhole, wholeLimit } from './decode-size.ts';
import { fitPreview, type PreviewProjection } from './preview.ts';
import type { DecoderPieces } from './strips.ts';
import { TextCache } from './text-cache.ts';

/** A checkpoint and those of its nets that are loaded now. Each is loaded at its first use. */
export class Model {
  readonly checkpoint: Checkpoint;
  readonly runtime: Runtime;
  readonly textCache = new TextCache();
  /** The last plan for a device: what was free there, and how much of it the job was to take. */
  lastOnDevice:
    | {
        readonly place: Candidate;
        readonly room: DeviceRoom | undefined;
        /** There, or of the computer's memory where that is what it works in. */
        readonly freeBytes: number;
        readonly mode: MemoryMode;
        readonly bytes: number;
      }
    | undefined;
  #tokenizer: ClipTokenizer | undefined;
  #textEncoder: TextEncoder | undefined;
  #unet: Unet | undefined;
  #shallowUnet: Unet | undefined;
  #vaeDecoder: VaeDecoder | undefined;
  /** Of the decoder, where a picture is decoded in strips. */
  #piece: Pick<Piece<never>, 'release'> | undefined;
  #preview: PreviewProjection | undefined;
  #weights: ModelWeights | undefined;
  readonly #lastingUnets = new WeakMap<Unet, Unet>();
  #loadMs = 0;
  #memory: MemoryMode = 'full';

  constructor(checkpoint: Checkpoint, runtime = new Runtime()) {
    this.checkpoint = checkpoint;
    this.runtime = runtime;
  }

  /** A new job: where the device had no memory left for the last one, it gets another chance. */
  async begin(tell: (notice: Notice) => void): Promise<void> {
    if (this.runtime.begin(tell)) await this.release();
  }

  /** In low memory only the net that works is loaded, and a part that was loaded for another job is given back. */
  async useMemory(mode: MemoryMode): Promise<void> {
    const before = this.#memory;
    this.#memory = mode;
    // Nets that were loaded for little memory are not those of full: the last bit of a pixel would tell.
    if (mode === 'low' || before === 'low') await this.release();
  }

  /** Whether a request would load no U-Net. */
  holdsUnet(merging: MergingOptions, stepCache?: StepCache): boolean {
    const structure = mergeStructure(this.checkpoint.unet.config, merging);
    return this.#unet !== undefined && serves(this.#unet, structure, stepCache?.branch);
  }

  /** Whether any of what runs on a device is loaded. */
  get holdsNets(): boolean {
    return [this.#unet, this.#shallowUnet, this.#vaeDecoder].some((net) => net !== undefined);
  }

  /** What the nets weigh, counted once: it takes longer than all the rest of a plan. */
  get weights(): ModelWeights {
    const { unet, textEncoder, vae } = this.checkpoint;
    return (this.#weights ??= modelWeights({
      unet: unet.config,
      vae: vae.config,
      text: textEncoder.config,
    }));
  }

  /** Time spent on loading nets so far. */
  get loadMs(): number {
    return this.#loadMs;
  }

  async tokenizer(): Promise<ClipTokenizer> {
    const { vocabPath, mergesPath } = this.checkpoint.tokenizer;
    return (this.#tokenizer ??= await this.#timed(() => loadClipTokenizer(vocabPath, mergesPath)));
  }

  async textEncoder(): Promise<TextEncoder> {
    return (this.#textEncoder ??= await this.#load('text', (options) =>
      loadTextEncoder(this.checkpoint.textEncoder, options),
    ));
  }

  /** Gives a large text encoder's memory back; a small one stays for the next prompt. */
  async restTextEncoder(): Promise<void> {
    if (this.#memory === 'full' && f32Bytes(this.checkpoint.textEncoder.weights) <= keptTextBytes) return;
    const encoder = this.#textEncoder;
    this.#textEncoder = undefined;
    await encoder?.release();
  }

  /**
   * The U-Net for a request. Ratio, cells and partition come with each run, so it is built anew only when a request that
   * merges wants other blocks, modules or another mode than are built in, or one with step caching another branch; a
   * request without one or the other runs on any.
   */
  async unet(merging: MergingOptions, stepCache?: StepCache): Promise<RequestUnet> {
    const wanted = mergeStructure(this.checkpoint.unet.config, merging);
    if (this.#memory === 'low') await this.#restDecoder();
    const whole = await this.#lasting(() => this.#wholeUnet(wanted, stepCache?.branch));
    if (stepCache === undefined) return { whole };
    const { structure } = whole;
    return { whole, shallow: await this.#lasting(() => this.#shallow(structure, stepCache.branch)) };
  }

  /**
   * A U-Net that outlasts its device: the next one runs the pass again. What earlier passes left on the device is gone with
   * it, and a pass that was to go on with that throws LostTensorError.
   */
  async #lasting(load: () => Promise<Unet>): Promise<Unet> {
    const loaded = await load();
    const known = this.#lastingUnets.get(loaded);
    if (known !== undefined) return known;
    const run: Unet['run'] = (input) =>
      this.#run('unet', async () => {
        const result = await (await load()).run(input);
        return { result, values: result.output };
      });
    const lasting = { ...loaded, run };
    this.#lastingUnets.set(loaded, lasting);
    return lasting;
  }

  async #wholeUnet(wanted: MergeStructure | null, branch: number | undefined): Promise<Unet> {
    const old = this.#unet;
    if (old !== undefined && serves(old, wanted, branch)) return old;
    this.#unet = undefined;
    await old?.release();
    const extent = { part: 'whole', ...(branch === undefined ? {} : { branch }) } as const;
    return (this.#unet = await this.#load('unet', (options) =>
      loadUnet(this.checkpoint.unet, wanted, options, extent),
    ));
  }

  async #shallow(structure: MergeStructure | null, branch: number): Promise<Unet> {
    const old = this.#shallowUnet;
    if (old?.extent.branch === branch && isSame(old.structure, structure)) return old;
    this.#shallowUnet = undefined;
    await old?.release();
    const extent = { part: 'shallow', branch } as const;
    return (this.#shallowUnet = await this.#load('unet', (options) =>
      loadUnet(this.checkpoint.unet, structure, options, extent),
    ));
  }

  async vaeDecoder(): Promise<VaeDecoder> {
    return {
      ...(await this.#loadedVaeDecoder()),
      run: (...input) =>
        this.#run('vae', async () => {
          const result = await (await this.#loadedVaeDecoder()).run(...input);
          return { result, values: result };
        }),
    };
  }

  async #loadedVaeDecoder(): Promise<VaeDecoder> {
    if (this.#memory === 'low') await this.#restUnets();
    return (this.#vaeDecoder ??= await this.#load('vae', (options) =>
      loadVaeDecoder(this.checkpoint.vae, options),
    ));
  }

  /** What decodes a picture of this size: what is loaded for it is timed as loading, but pieces, which each picture loads. */
  async decoding(latentH: number, latentW: number): Promise<Decoding> {
    const { provider, index } = this.runtime.place('vae');
    const last = this.lastOnDevice;
    const isThere = last?.place.provider === provider && last.place.index === index;
    const limit = wholeLimit(this.#memory, isThere ? last.freeBytes : undefined);
    return fitsWhole(this.checkpoint.vae.config, latentH, latentW, limit)
      ? { whole: await this.vaeDecoder() }
      : { pieces: this.decoderPieces() };
  }

  /** The decoder's pieces, one of which is loaded at a time. */
  decoderPieces(): DecoderPieces {
    const { vae } = this.checkpoint;
    return {
      front: () => this.#lastingPiece((options) => loadDecoderFront(vae, options)),
      piece: (piece) => this.#lastingPiece((options) => loadDecoderPiece(vae, piece, options)),
    };
  }

  /** A piece that outlasts its device: all its inputs are here. */
  async #lastingPiece<I>(load: (options: RuntimeOptions) => Promise<Piece<I>>): Promise<Piece<I>> {
    if (this.#memory === 'low') await this.#restUnets();
    const held = async (): Promise<Piece<I>> => {
      const piece = await this.#loadUntimed('vae', load);
      this.#piece = piece;
      return piece;
    };
    let piece = await held();
    return {
      run: (input) =>
        this.#run('vae', async () => {
          // Given back when its device failed.
          if (this.#piece !== piece) piece = await held();
          const result = await piece.run(input);
          return { result, values: result.data };
        }),
      release: async () => {
        // Given back with its device, where nothing could take its place.
        if (this.#piece !== piece) return;
        this.#piece = undefined;
        await piece.release();
      },
    };
  }

  async preview(): Promise<PreviewProjection> {
    if (this.#preview === undefined) {
      const decoder = await this.vaeDecoder();
      this.#preview = await this.#timed(() => fitPreview(decoder, this.checkpoint.vae.config));
    }
    return this.#preview;
  }

  async #restUnets(): Promise<void> {
    const loaded = [this.#unet, this.#shallowUnet];
    this.#unet = undefined;
    this.#shallowUnet = undefined;
    for (const net of loaded) await net?.release();
  }

  async #restDecoder(): Promise<void> {
    const decoder = this.#vaeDecoder;
    this.#vaeDecoder = undefined;
    await decoder?.release();
  }

  async release(): Promise<void> {
    const loaded = [this.#textEncoder, this.#unet, this.#shallowUnet, this.#vaeDecoder, this.#piece];
    this.#textEncoder = undefined;
    this.#unet = undefined;
    this.#shallowUnet = undefined;
    this.#vaeDecoder = undefined;
    this.#piece = undefined;
    // Each of them, whatever becomes of the others: what one left on its device goes with it.
    const released = await Promise.allSettled(
      loaded.filter((net) => net !== undefined).map((net) => net.release()),
    );
    const failed = released.find((result) => result.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
  }

  /** Loads a part where it should run, or on the next device that can. */
  #load<T>(part: NetPartName, load: (options: RuntimeOptions) => Promise<T>): Promise<T> {
    return this.#loadUntimed(part, (options) => this.#timed(() => load(options)));
  }

  async #loadUntimed<T>(part: NetPartName, load: (options: RuntimeOptions) => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await load({ ...this.runtime.options(part), memory: this.#memory });
      } catch (error) {
        await this.#fallBack(part, error);
      }
    }
  }

  /** Runs a part, and again on the next device where this one fails or gives no numbers. */
  async #run<T>(part: NetPartName, run: () => Promise<{ result: T; values: Float32Array }>): Promise<T> {
    for (;;) {
      try {
        const { result, values } = await run();
        if (this.runtime.place(part).provider !== 'cpu') assertFinite(values);
        this.runtime.ran(part);
        return result;
      } catch (error) {
        await this.#fallBack(part, error);
      }
    }
  }

  /** Throws the failure where no other device is left. */
  async #fallBack(part: NetPartName, error: unknown): Promise<void> {
    if (!this.runtime.fallBack(part, error)) throw error;
    try {
      await this.release();
    } catch (cause) {
      // A device that is gone cannot give its memory back in order: its failure is told already.
      if (!(cause instanceof Error)) throw cause;
    }
  }

  async #timed<T>(load: () => Promise<T>): Promise<T> {
    const start = performance.now();
    const loaded = await load();
    this.#loadMs += performance.now() - start;
    return loaded;
  }
}

/** A driver that computes wrongly mostly gives these (F16 overflows to them). */
function assertFinite(values: Float32Array): void {
  if (values.some((value) => !Number.isFinite(value)))
    throw new EngineError('ENGINE_FAILED', 'It gave values that are not numbers.');
}

function serves(unet: Unet, wanted: MergeStructure | null, branch: number | undefined): boolean {
  const merges = wanted === null || isSame(unet.structure, wanted);
  return merges && (branch === undefined || unet.extent.branch === branch);
}

function isSame(a: MergeStructure | null, b: MergeStructure | null): boolean {
  const text = (s: MergeStructure | null): string =>
    JSON.stringify(s && { ...s, blocks: s.blocks.toSorted(), modules: s.modules.toSorted() });
  return text(a) === text(b);
}

function f32Bytes(weights: Checkpoint['textEncoder']['weights']): number {
  let values = 0;
  for (const name of weights.names())
    values += weights.get(name)?.shape.reduce((product, dim) => product * dim, 1) ?? 0;
  return values * Float32Array.BYTES_PER_ELEMENT;
}
