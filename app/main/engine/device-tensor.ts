import { BugError, invariant } from '#contract/errors.ts';

let lying = 0;

/** How many values lie on devices for callers: none, once a picture is done. */
export function tensorsOnDevices(): number {
  return lying;
}

/**
 * A value that stays on the device where a session left it; only its shape is known here. It is its holder's to dispose
 * of; what is left goes with the session, since the runtime ends the process where it is used later (docs/tried/webgpu.md).
 */
export class DeviceTensor {
  readonly shape: readonly number[];
  /** The device, as `placeOf` names it. */
  readonly #place: string;
  #giveBack: (() => void) | undefined;

  constructor(shape: readonly number[], place: string, giveBack: () => void) {
    this.shape = shape;
    this.#place = place;
    this.#giveBack = giveBack;
    lying++;
  }

  /** Disposed of, by its holder or with its session. */
  get isGone(): boolean {
    return this.#giveBack === undefined;
  }

  dispose(): void {
    const giveBack = this.#giveBack;
    if (giveBack === undefined) return;
    this.#giveBack = undefined;
    lying--;
    giveBack();
  }

  /** Before it is fed: the runtime itself would read other memory, and tell wrong values for right ones. */
  assertUsable(place: string, name: string): void {
    if (this.isGone) throw new LostTensorError(name);
    invariant(this.#place === place, `${name} lies on ${this.#place} and was given to ${place}.`);
  }
}

/** What a pass was to go on with is gone with the session that left it. Whoever holds it makes it anew. */
export class LostTensorError extends BugError {
  constructor(name: string) {
    super(`${name} went with the session that left it on its device.`);
  }
}
