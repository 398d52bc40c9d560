import { CancelledError, toWire } from '#contract/errors.ts';
import type { QueueState } from '#contract/studio/events.ts';
import type { Generation } from '#contract/studio/generation.ts';
import type { HistoryStore } from '#history/store.ts';
import type { NewGeneration } from '#history/types.ts';
import type { EventHub } from './events.ts';

export interface QueueOptions {
  readonly store: HistoryStore;
  readonly hub: EventHub;
  readonly run: (row: Generation, signal: AbortSignal) => Promise<void>;
  /** After a row has ended, however it ended. */
  readonly onEnd: (row: Generation) => void;
  readonly now: () => number;
}

const pausedKey = 'queue.paused';

/** One picture at a time, in the order of the rows in the history, so that it survives every end of the process. */
export class Queue {
  readonly #options: QueueOptions;
  #running: { id: string; stop: AbortController; ended: Promise<void> } | undefined;
  #disposed = false;

  constructor(options: QueueOptions) {
    this.#options = options;
  }

  get paused(): boolean {
    return this.#options.store.readSetting(pausedKey) === true;
  }

  state(): QueueState {
    return { paused: this.paused, items: this.#options.store.queued() };
  }

  add(rows: readonly NewGeneration[], first = false): Generation[] {
    const { store } = this.#options;
    const added = store.insertQueued(rows);
    if (first) store.moveToFront(added.map(({ id }) => id));
    this.#changed();
    return added;
  }

  move(id: string, to: number): QueueState {
    this.#options.store.required(id);
    this.#options.store.moveQueued(id, to);
    return this.#changed();
  }

  /** A running picture ends after its step; a waiting one at once. */
  cancel(id: string): QueueState {
    const { store, now } = this.#options;
    store.required(id);
    if (this.#running?.id === id) this.#running.stop.abort();
    else if (store.cancel(id, now())) this.#tellEnd(id);
    return this.#changed();
  }

  cancelAll(): QueueState {
    const { store } = this.#options;
    for (const { id } of store.queued().toReversed()) this.cancel(id);
    return this.state();
  }

  setPaused(paused: boolean): QueueState {
    this.#options.store.writeSetting(pausedKey, paused);
    return this.#changed();
  }

  /** Begins the next picture where nothing runs. */
  pump(): void {
    const { store, now } = this.#options;
    if (this.#running !== undefined || this.#disposed || this.paused) return;
    const next = store.queued().find(({ state }) => state === 'queued');
    if (next === undefined || !store.begin(next.id, now())) return;
    const stop = new AbortController();
    this.#running = { id: next.id, stop, ended: this.#work(store.required(next.id), stop.signal) };
    this.#publish();
  }

  /** The running picture goes back to the front of the queue, to be made at the next start. */
  async dispose(): Promise<void> {
    this.#disposed = true;
    this.#running?.stop.abort();
    await this.#running?.ended;
  }

  async #work(row: Generation, signal: AbortSignal): Promise<void> {
    const { store, run, now } = this.#options;
    try {
      await run(row, signal);
    } catch (error) {
      if (this.#disposed) store.giveBack(row.id);
      else if (error instanceof CancelledError || signal.aborted) store.cancel(row.id, now());
      else {
        const { code, message } = toWire(error);
        store.fail(row.id, now(), { code, message });
      }
    }
    this.#running = undefined;
    if (this.#disposed) return;
    this.#tellEnd(row.id);
    this.#changed();
  }

  #tellEnd(id: string): void {
    const { store, hub, onEnd } = this.#options;
    const generation = store.required(id);
    hub.publish({ type: 'finished', generation });
    onEnd(generation);
  }

  #changed(): QueueState {
    this.pump();
    return this.#publish();
  }

  #publish(): QueueState {
    const queue = this.state();
    this.#options.hub.publish({ type: 'queue', queue });
    return queue;
  }
}
