import type { Checkpoint } from '#library/checkpoint.ts';
import { mergeStructure } from '#kernels/tome/plan.ts';
import type { MergeStructure } from '#kernels/tome/patch.ts';
import type { MergingOptions } from '#contract/request.ts';
import { loadTextEncoder, type TextEncoder } from '../nets/text-encoder.ts';
import { loadUnet, type Unet } from '../nets/unet.ts';
import { loadVaeDecoder, type VaeDecoder } from '../nets/vae.ts';
import { loadClipTokenizer, type ClipTokenizer } from '../text/tokenizer.ts';
import { fitPreview, type PreviewProjection } from './preview.ts';
import { TextCache } from './text-cache.ts';

/** F32 weights above this are given back once the prompt is encoded: beside a large U-Net they would only fill memory. */
const keptTextEncoderBytes = 256 * 1024 ** 2;

/** A checkpoint and those of its nets that are loaded now. Each is loaded at its first use. */
export class Model {
  readonly checkpoint: Checkpoint;
  readonly textCache = new TextCache();
  #tokenizer: ClipTokenizer | undefined;
  #textEncoder: TextEncoder | undefined;
  #unet: Unet | undefined;
  #vaeDecoder: VaeDecoder | undefined;
  #preview: PreviewProjection | undefined;
  #loadMs = 0;

  constructor(checkpoint: Checkpoint) {
    this.checkpoint = checkpoint;
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
    return (this.#textEncoder ??= await this.#timed(() => loadTextEncoder(this.checkpoint.textEncoder)));
  }

  /** Gives a large text encoder's memory back; a small one stays for the next prompt. */
  async restTextEncoder(): Promise<void> {
    if (f32Bytes(this.checkpoint.textEncoder.weights) <= keptTextEncoderBytes) return;
    const encoder = this.#textEncoder;
    this.#textEncoder = undefined;
    await encoder?.release();
  }

  /**
   * The U-Net for a request. Ratio, cells and partition come with each run, so it is built anew only when a request that
   * merges wants other blocks, modules or another mode than are built in; one that does not merge runs on any.
   */
  async unet(merging: MergingOptions): Promise<Unet> {
    const wanted = mergeStructure(this.checkpoint.unet.config, merging);
    if (this.#unet !== undefined && (wanted === null || isSame(this.#unet.structure, wanted)))
      return this.#unet;
    const old = this.#unet;
    this.#unet = undefined;
    await old?.release();
    return (this.#unet = await this.#timed(() => loadUnet(this.checkpoint.unet, wanted)));
  }

  async vaeDecoder(): Promise<VaeDecoder> {
    return (this.#vaeDecoder ??= await this.#timed(() => loadVaeDecoder(this.checkpoint.vae)));
  }

  async preview(): Promise<PreviewProjection> {
    if (this.#preview === undefined) {
      const decoder = await this.vaeDecoder();
      this.#preview = await this.#timed(() => fitPreview(decoder, this.checkpoint.vae.config));
    }
    return this.#preview;
  }

  async release(): Promise<void> {
    const loaded = [this.#textEncoder, this.#unet, this.#vaeDecoder];
    this.#textEncoder = undefined;
    this.#unet = undefined;
    this.#vaeDecoder = undefined;
    for (const net of loaded) await net?.release();
  }

  async #timed<T>(load: () => Promise<T>): Promise<T> {
    const start = performance.now();
    const loaded = await load();
    this.#loadMs += performance.now() - start;
    return loaded;
  }
}

function isSame(a: MergeStructure | null, b: MergeStructure): boolean {
  const text = (s: MergeStructure | null): string =>
    JSON.stringify([s?.mode, s?.blocks.toSorted(), s?.modules.toSorted()]);
  return text(a) === text(b);
}

function f32Bytes(weights: Checkpoint['textEncoder']['weights']): number {
  let values = 0;
  for (const name of weights.names())
    values += weights.get(name)?.shape.reduce((product, dim) => product * dim, 1) ?? 0;
  return values * Float32Array.BYTES_PER_ELEMENT;
}
