import type { ModelReference } from '#contract/engine-protocol.ts';

type LookUp = (modelId: string) => Promise<ModelReference>;

/** A look that is older tells nothing: files may have gone since. */
const freshMs = 2000;

/** Finds a row's model before its turn, so that the next picture does not wait for the disk behind what the window asks. */
export class ModelAhead {
  readonly #lookUp: LookUp;
  readonly #now: () => number;
  #ahead: { modelId: string; beganMs: number; found: Promise<ModelReference> } | undefined;

  constructor(lookUp: LookUp, now: () => number = () => performance.now()) {
    this.#lookUp = lookUp;
    this.#now = now;
  }

  begin(modelId: string): void {
    const found = this.#lookUp(modelId);
    // Who takes it hears of it.
    found.catch(() => undefined);
    this.#ahead = { modelId, beganMs: this.#now(), found };
  }

  /** What was found ahead serves one row; without it, or where it failed, the model is looked up now. */
  async take(modelId: string): Promise<ModelReference> {
    const ahead = this.#ahead;
    this.#ahead = undefined;
    if (ahead?.modelId !== modelId || this.#now() - ahead.beganMs > freshMs)
      return await this.#lookUp(modelId);
    return await ahead.found.catch(() => this.#lookUp(modelId));
  }
}
