import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Candidate, RuntimeChoice } from '#contract/runtime.ts';
import type { Devices } from '#engine/devices/devices.ts';

/** Where the next picture is to be made, as the artist's choice and the devices have it; told whenever that changes. */
export class NextPlace {
  readonly #devices: Devices;
  readonly #tell: (place: Candidate | null) => void;
  #current: Candidate | null = null;
  #wanted: RuntimeChoice | undefined;
  /** What the devices say, before any of it was run. */
  #planned: string | undefined;
  #ran: { readonly planned: string; readonly place: Candidate } | undefined;

  constructor(devices: Devices, tell: (place: Candidate | null) => void) {
    this.#devices = devices;
    this.#tell = tell;
  }

  /** Null while it is being found out. */
  get current(): Candidate | null {
    return this.#current;
  }

  /** Finds out where another choice leads; what was never tried is tried. */
  async choose(choice: RuntimeChoice): Promise<void> {
    this.#wanted = choice;
    this.#ran = undefined;
    const answer = this.refresh().then(() => true);
    // What is known is answered in this turn. Until anything else is, the place of the choice before holds no more.
    const isKnown = await Promise.race([answer, nextTurn(false)]);
    if (!isKnown && this.#wanted === choice) this.#set(null);
    await answer;
  }

  /** Asks again where the choice leads; what was known stays until there is an answer. */
  async refresh(): Promise<void> {
    const choice = this.#wanted;
    if (choice === undefined) return;
    const { candidates } = await this.#devices.choose(choice);
    // Another choice may have been made meanwhile, and has its own answer.
    if (this.#wanted === choice) this.#plan(candidates[0] ?? null);
  }

  /**
   * Where a picture ran that was to be made on `planned`. A device that was given up on the way is not gone back to (by
   * the engine either) before another choice is made.
   */
  ran(planned: Candidate, place: Candidate): void {
    this.#ran = { planned: JSON.stringify(planned), place };
    if (this.#planned === this.#ran.planned) this.#set(place);
  }

  #plan(place: Candidate | null): void {
    this.#planned = JSON.stringify(place);
    this.#set(this.#ran?.planned === this.#planned ? this.#ran.place : place);
  }

  #set(place: Candidate | null): void {
    if (JSON.stringify(place) === JSON.stringify(this.#current)) return;
    this.#current = place;
    this.#tell(place);
  }
}
