import { invariant } from '#contract/errors.ts';
import { disposeKept, isGone } from '../nets/kept.ts';
import type { CarriedMatch, Unet, UnetInput, UnetResult } from '../nets/unet.ts';
import type { KeptTensor } from '../session.ts';

/** The nets of one request: with step caching a second, shallow one, which runs between the whole passes. */
export interface RequestUnet {
  readonly whole: Unet;
  readonly shallow?: Unet;
}

/** A call's input; what earlier calls left is added here. */
export type CallInput = Omit<UnetInput, 'deep' | 'wantDeep' | 'match'>;

/**
 * One picture's step caching (DeepCache, arXiv 2312.00858): every n-th call of the U-Net runs whole and leaves its deep
 * feature, those between run the shallow layers on it; and the match that later calls go on with. One for each picture, so
 * nothing outlives a picture or its size; the feature holds a row for each half of guidance. Both may lie on a device:
 * whoever makes one disposes of it.
 */
export class StepCache {
  readonly #nets: RequestUnet;
  readonly #interval: number;
  #deep: KeptTensor | undefined;
  #match: CarriedMatch = {};

  constructor(nets: RequestUnet, interval = 1) {
    this.#nets = nets;
    this.#interval = interval;
  }

  isWhole(call: number): boolean {
    return this.#nets.shallow === undefined || call % this.#interval === 0 || this.isLost;
  }

  /** What earlier calls left went with the device it lay on: the next call runs whole, and has to match anew. */
  get isLost(): boolean {
    return [...this.#left()].some(isGone);
  }

  unetFor(call: number): Unet {
    const { whole, shallow = whole } = this.#nets;
    return this.isWhole(call) ? whole : shallow;
  }

  /** Throws LostTensorError where the device fails on the way that holds what the call was to go on with. */
  async run(call: number, input: CallInput): Promise<UnetResult> {
    const unet = this.unetFor(call);
    const whole = this.isWhole(call);
    invariant(whole || this.#deep !== undefined, 'A shallow call came before any whole one.');
    if (input.merge?.matches !== false) this.#dropMatch();
    // Before the pass that makes it anew, not after: it is 42 MB at 1024 px.
    if (whole) this.#dropDeep();
    const wantDeep = whole && this.#nets.shallow !== undefined;
    const result = await unet.run({ ...input, match: this.#match, deep: this.#deep, wantDeep });
    if (whole) this.#deep = result.deep;
    this.#match = result.match;
    return result;
  }

  dispose(): void {
    this.#dropDeep();
    this.#dropMatch();
  }

  *#left(): Generator<KeptTensor> {
    if (this.#deep !== undefined) yield this.#deep;
    yield* Object.values(this.#match);
  }

  #dropDeep(): void {
    if (this.#deep !== undefined) disposeKept([this.#deep]);
    this.#deep = undefined;
  }

  #dropMatch(): void {
    disposeKept(Object.values(this.#match));
    this.#match = {};
  }
}
