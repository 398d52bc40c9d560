import { setImmediate as nextTurn } from 'node:timers/promises';
import { invariant } from '#contract/errors.ts';
import type { Candidate, RuntimeChoice } from '#contract/runtime.ts';
import type { StudioEvent } from '#contract/studio/events.ts';
import type { Devices } from '#engine/devices/devices.ts';

export type NextPlaceEvent = Extract<StudioEvent, { type: 'next' }>;

/** A model that is loaded for these candidates, and where the engine begins with it though it is not the first of them. */
interface Fallback {
  readonly modelId: string;
  readonly candidates: string;
  readonly place: Candidate;
}

/**
 * Where the next picture is to be made; told whenever that changes. The artist's choice and the devices say it, and the
 * engine, which does not go back to a device that failed: not with the model that it has loaded for the same candidates.
 */
export class NextPlace {
  readonly #devices: Devices;
  readonly #tell: (event: NextPlaceEvent) => void;
  #told: NextPlaceEvent = { type: 'next', place: null, fallback: null };
  #wanted: RuntimeChoice | undefined;
  /** What the devices say, best first; empty while that is being found out. */
  #planned: readonly Candidate[] = [];
  #fallback: Fallback | undefined;
  #begun: { readonly id: string; readonly place: Candidate } | undefined;

  constructor(devices: Devices, tell: (event: NextPlaceEvent) => void) {
    this.#devices = devices;
    this.#tell = tell;
  }

  get current(): NextPlaceEvent {
    return this.#told;
  }

  /** For a picture of this model; null while it is being found out. */
  of(modelId: string): Candidate | null {
    const { place, fallback } = this.#told;
    return fallback?.modelId === modelId ? fallback.place : place;
  }

  /** The same, waited for. */
  async find(modelId: string): Promise<Candidate> {
    invariant(this.#wanted !== undefined, 'A place was asked for before any choice was made.');
    for (;;) {
      const place = this.of(modelId);
      if (place !== null) return place;
      await this.refresh();
    }
  }

  /** Finds out where another choice leads; what was never tried is tried. */
  async choose(choice: RuntimeChoice): Promise<void> {
    this.#wanted = choice;
    const answer = this.refresh().then(() => true);
    // What is known is answered in this turn. Until anything else is, the place of the choice before holds no more.
    const isKnown = await Promise.race([answer, nextTurn(false)]);
    if (!isKnown && this.#wanted === choice) this.#plan([]);
    await answer;
  }

  /** Asks again where the choice leads; what was known stays until there is an answer. */
  async refresh(): Promise<void> {
    const choice = this.#wanted;
    if (choice === undefined) return;
    const { candidates } = await this.#devices.choose(choice);
    // The processor is always among them.
    invariant(candidates.length > 0, 'There is no place to make pictures.');
    // Another choice may have been made meanwhile, and has its own answer.
    if (this.#wanted === choice) this.#plan(candidates);
  }

  /** A picture of this model is given to the engine, to be made on the first of these that works. */
  begin(id: string, modelId: string, candidates: readonly Candidate[]): void {
    const held = this.#fallback;
    // What is loaded for anything else is given back for it, and so forgotten.
    if (held?.modelId !== modelId || held.candidates !== JSON.stringify(candidates))
      this.#fallback = undefined;
    const place = this.#fallback?.place ?? candidates[0];
    this.#begun = place === undefined ? undefined : { id, place };
    this.#update();
  }

  /** Where this picture was begun, if it is the last one that was. */
  begun(id: string): Candidate | undefined {
    return this.#begun?.id === id ? this.#begun.place : undefined;
  }

  /** The engine, given a picture of this model for these, would begin the next such one there. */
  learn(modelId: string, candidates: readonly Candidate[], next: Candidate): void {
    const isFirst = JSON.stringify(next) === JSON.stringify(candidates[0]);
    this.#fallback = isFirst ? undefined : { modelId, candidates: JSON.stringify(candidates), place: next };
    this.#update();
  }

  /** The engine's process ended, and what it knew with it. */
  forget(): void {
    this.#fallback = undefined;
    this.#update();
  }

  #plan(candidates: readonly Candidate[]): void {
    this.#planned = candidates;
    this.#update();
  }

  #update(): void {
    const held = this.#fallback;
    const holds = held?.candidates === JSON.stringify(this.#planned);
    const event: NextPlaceEvent = {
      type: 'next',
      place: this.#planned[0] ?? null,
      fallback: held !== undefined && holds ? { modelId: held.modelId, place: held.place } : null,
    };
    if (JSON.stringify(event) === JSON.stringify(this.#told)) return;
    this.#told = event;
    this.#tell(event);
  }
}
