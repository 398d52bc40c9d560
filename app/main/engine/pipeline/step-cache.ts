import { invariant } from '#contract/errors.ts';
import type { Unet, UnetInput, UnetResult } from '../nets/unet.ts';

/** The nets of one request: with step caching a second, shallow one, which runs between the whole passes. */
export interface RequestUnet {
  readonly whole: Unet;
  readonly shallow?: Unet;
}

/**
 * One picture's step caching (DeepCache, arXiv 2312.00858): every n-th call of the U-Net runs whole and leaves its deep
 * feature, those between run the shallow layers on it. One for each picture, so nothing outlives a picture or its size;
 * the feature holds a row for each half of guidance.
 */
export class StepCache {
  readonly #nets: RequestUnet;
  readonly #interval: number;
  #deep: Float32Array | undefined;

  constructor(nets: RequestUnet, interval = 1) {
    this.#nets = nets;
    this.#interval = interval;
  }

  isWhole(call: number): boolean {
    return this.#nets.shallow === undefined || call % this.#interval === 0;
  }

  unetFor(call: number): Unet {
    const { whole, shallow = whole } = this.#nets;
    return this.isWhole(call) ? whole : shallow;
  }

  async run(call: number, input: UnetInput): Promise<UnetResult> {
    if (!this.isWhole(call)) {
      invariant(this.#deep !== undefined, 'A shallow call came before any whole one.');
      return this.unetFor(call).run({ ...input, deep: this.#deep });
    }
    const wantDeep = this.#nets.shallow !== undefined;
    const result = await this.unetFor(call).run({ ...input, wantDeep });
    this.#deep = result.deep;
    return result;
  }
}
