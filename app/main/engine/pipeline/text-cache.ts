/** Encoded chunks of prompts, the latest ones: a prompt that stays is not encoded again. 77×1024 floats are 0.3 MB. */
const maxChunks = 64;

export class TextCache {
  readonly #chunks = new Map<string, Float32Array>();

  get(ids: readonly number[]): Float32Array | undefined {
    const key = ids.join();
    const found = this.#chunks.get(key);
    if (found !== undefined) {
      // Maps keep the order of insertion: the front is what was used longest ago.
      this.#chunks.delete(key);
      this.#chunks.set(key, found);
    }
    return found;
  }

  set(ids: readonly number[], hidden: Float32Array): void {
    this.#chunks.set(ids.join(), hidden);
    const [oldest] = this.#chunks.keys();
    if (this.#chunks.size > maxChunks && oldest !== undefined) this.#chunks.delete(oldest);
  }
}
