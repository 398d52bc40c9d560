import { setTimeout as wait } from 'node:timers/promises';
import { CancelledError, HistoryError, StudioError, toWire } from '#contract/errors.ts';
import type { Notice } from '#contract/notices/notice.ts';
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
  /** How long it is waited before a history that could not be written is tried again. */
  readonly retryMs?: number;
}

const pausedKey = 'queue.paused';
const defaultRetryMs = 5000;

/** One picture at a time, in the order of the rows in the history, so that it survives every end of the process. */
export class Queue {
  readonly #options: QueueOptions;
  #running: { id: string; stop: AbortController; ended: Promise<void> } | undefined;
  /** Stopped by itself, because nothing can be written. */
  #held = false;
  readonly #disposal = new AbortController();

  constructor(options: QueueOptions) {
    this.#options = options;
  }

  get paused(): boolean {
    return this.#held || this.#options.store.readSetting(pausedKey) === true;
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
    const { store, hub, now } = this.#options;
    this.#running?.stop.abort();
    // Those that were begun once have left something behind, which their end removes.
    for (const { id, state, attempts } of store.queued())
      if (state === 'queued' && attempts > 0) this.cancel(id);
    if (store.cancelWaiting(now()) > 0) hub.publish({ type: 'history', ids: null });
    return this.#publish();
  }

  setPaused(paused: boolean): QueueState {
    this.#options.store.writeSetting(pausedKey, paused);
    this.#held = false;
    return this.#changed();
  }

  /** Begins the next picture where nothing runs. */
  pump(): void {
    const { store, now } = this.#options;
    if (this.#running !== undefined || this.#disposal.signal.aborted || this.paused) return;
    const next = store.nextQueued();
    if (next === undefined) return;
    try {
      if (!store.begin(next.id, now())) return;
    } catch (error) {
      this.#hold(error);
      return;
    }
    const stop = new AbortController();
    this.#running = { id: next.id, stop, ended: this.#work(store.required(next.id), stop.signal) };
    this.#publish();
  }

  /** The running picture goes back to the front of the queue, to be made at the next start. */
  async dispose(): Promise<void> {
    this.#disposal.abort();
    this.#running?.stop.abort();
    await this.#running?.ended;
  }

  async #work(row: Generation, signal: AbortSignal): Promise<void> {
    try {
      await this.#options.run(row, signal);
    } catch (error) {
      await this.#settle(row, error, signal);
    }
    this.#running = undefined;
    if (this.#disposal.signal.aborted) return;
    try {
      this.#tellEnd(row.id);
      this.#changed();
    } catch (error) {
      this.#hold(error);
    }
  }

  /** Writes down how it ended, however long the disk takes to let it: the row is not lost, and nothing new begins meanwhile. */
  async #settle(row: Generation, error: unknown, signal: AbortSignal): Promise<void> {
    for (let tries = 0; ; tries++) {
      try {
        this.#end(row, error, signal);
        break;
      } catch (unwritten) {
        if (!(unwritten instanceof StudioError)) throw unwritten;
        if (tries === 0) this.#warn(row.id, { code: 'end-unwritten', reason: unwritten.message });
        // At the next start it is found as it stands: begun, and not ended.
        if (this.#disposal.signal.aborted) return;
        await wait(this.#options.retryMs ?? defaultRetryMs, undefined, {
          signal: this.#disposal.signal,
        }).catch(() => undefined);
      }
    }
    // The pictures behind it would be made for nothing.
    if (error instanceof HistoryError && error.code === 'HISTORY_UNWRITABLE') this.#hold(error);
  }

  #end(row: Generation, error: unknown, signal: AbortSignal): void {
    const { store, now } = this.#options;
    if (this.#disposal.signal.aborted) store.giveBack(row.id);
    else if (error instanceof CancelledError || signal.aborted) store.cancel(row.id, now());
    else {
      const { code, message } = toWire(error);
      store.fail(row.id, now(), { code, message });
    }
  }

  #hold(error: unknown): void {
    if (!(error instanceof StudioError)) throw error;
    this.#held = true;
    this.#warn(null, { code: 'queue-held', reason: error.message });
  }

  #warn(id: string | null, notice: Notice): void {
    this.#options.hub.publish({ type: 'warning', id, notice });
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
