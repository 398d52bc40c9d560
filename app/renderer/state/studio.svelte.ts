import { SvelteMap, SvelteSet } from 'svelte/reactivity';
import { get } from 'svelte/store';
import type { Candidate } from '#contract/runtime.ts';
import type { StudioEvent, QueueState } from '#contract/studio/events.ts';
import type { Failure } from '#contract/studio/base.ts';
import type { Draft } from '#contract/studio/draft.ts';
import type { Generation } from '#contract/studio/generation.ts';
import type { MemoryNeed, ModelEntry, ModelFolder } from '#contract/studio/models.ts';
import { defaultSettings, type Settings } from '#contract/studio/settings.ts';
import type { Bridge, StudioClient } from '../bridge.ts';
import { failureOf } from '../lib/failure.ts';
import { DraftState } from './draft.svelte.ts';
import { language } from './language.svelte.ts';
import { createListeners } from './listeners.ts';
import { advance, type PictureProgress } from './progress.ts';
import type { Screen } from './screens.ts';

export type StudioInfo = Awaited<ReturnType<StudioClient['info']>>;

const retryAfterMs = 500;

/** Everything the window knows of the studio: kept right by its one stream of events. */
export class StudioState {
  info = $state.raw<StudioInfo>();
  queue = $state.raw<QueueState>({ paused: false, items: [] });
  settings = $state.raw<Settings>(defaultSettings);
  models = $state.raw<readonly ModelEntry[]>([]);
  folders = $state.raw<readonly ModelFolder[]>([]);
  /** By the id of the picture being made. */
  readonly progress = new SvelteMap<string, PictureProgress>();
  /** Pictures that are asked to stop: the step they are in is finished first. */
  readonly stopping = new SvelteSet<string>();
  /** The picture in the centre. */
  selected = $state.raw<Generation | null>(null);
  screen = $state<Screen>('make');
  /** The form beside the picture; hidden, the picture has all the room. */
  inspectorOpen = $state(true);
  /** The stream runs and models were read: the form can be used. */
  ready = $state(false);
  /** What the engine counted in the prompt that it read last. */
  counted = $state.raw<{ readonly prompt: string; readonly tokens: number }>();
  /** The last thing that failed and was not a picture of the queue. */
  failure = $state.raw<Failure | null>(null);
  readonly draft: DraftState;
  #next = $state.raw<Pick<Extract<StudioEvent, { type: 'next' }>, 'place' | 'fallback'>>({
    place: null,
    fallback: null,
  });
  readonly #bridge: Bridge;
  readonly #listeners = createListeners<StudioEvent>();
  readonly #stop = new AbortController();
  /** True while the centre follows what is being made. */
  #follows = true;

  constructor(bridge: Bridge) {
    this.#bridge = bridge;
    this.draft = new DraftState((draft) => this.#keepDraft(draft));
  }

  get client(): StudioClient {
    return this.#bridge.client;
  }

  /** What the picture in the form would take of memory; undefined while that is not known (state/memory-need.svelte.ts). */
  need = $state.raw<MemoryNeed>();
  readonly running = $derived(this.queue.items.find(({ state }) => state === 'running'));
  readonly waiting = $derived(this.queue.items.filter(({ state }) => state === 'queued'));
  readonly model = $derived(this.models.find(({ id }) => id === this.draft.current.modelId));
  readonly usableModels = $derived(this.models.filter(({ state, hidden }) => state === 'ready' && !hidden));

  /** Where the next picture, of the model in the form, is to be made; null while that is being found out. */
  readonly next = $derived.by((): Candidate | null => this.nextFor(this.draft.current.modelId));

  /** Listens until `dispose`, over every loss of the connection. */
  async start(): Promise<void> {
    const { signal } = this.#stop;
    const stopped = (): boolean => signal.aborted;
    while (!stopped()) {
      try {
        const events = await this.client.events(undefined, { signal });
        await this.#readFacts();
        for await (const event of events) this.#hear(event);
      } catch (error) {
        if (stopped()) return;
        // A broken connection has its own banner and comes back by itself.
        const failure = failureOf(error);
        if (failure.code !== 'BUG') this.failure = failure;
      }
      await new Promise((resolve) => setTimeout(resolve, retryAfterMs));
    }
  }

  dispose(): void {
    this.draft.flush();
    this.#stop.abort();
  }

  /** The same for a picture of another model. */
  nextFor(modelId: string | null): Candidate | null {
    const { place, fallback } = this.#next;
    return fallback !== null && fallback.modelId === modelId ? fallback.place : place;
  }

  onEvent(listener: (event: StudioEvent) => void): () => void {
    return this.#listeners.add(listener);
  }

  open(screen: Screen, generation?: Generation): void {
    if (generation !== undefined) this.select(generation);
    this.screen = screen;
  }

  /** Puts a picture in the centre; null = follow what is being made. */
  select(generation: Generation | null): void {
    this.selected = generation;
    this.#follows = generation === null || generation.state === 'running';
  }

  /** The centre goes to what is being made: this one, or the one before it in the queue. */
  follow(generation: Generation): void {
    this.#follows = true;
    this.selected = this.running ?? generation;
    if (this.screen !== 'look') this.screen = 'make';
  }

  async update(changes: Partial<Settings>): Promise<void> {
    this.#take({ ...this.settings, ...changes });
    try {
      await this.client.settings.update(changes);
    } catch (error) {
      this.failure = failureOf(error);
    }
  }

  /** A form that cannot be kept while the studio is away is kept when it is back; the banner says the rest. */
  async #keepDraft(draft: Draft): Promise<boolean> {
    this.settings = { ...this.settings, draft };
    try {
      await this.client.settings.update({ draft });
      return true;
    } catch (error) {
      if (get(this.#bridge.connection) === 'open') this.failure = failureOf(error);
      return false;
    }
  }

  /** Runs a call whose failure is shown and not thrown. */
  async attempt<T>(run: () => Promise<T>): Promise<T | undefined> {
    try {
      return await run();
    } catch (error) {
      this.failure = failureOf(error);
      return undefined;
    }
  }

  /** Answered at once on screen; the engine stops after the step it is in. */
  async cancel(id: string): Promise<void> {
    this.stopping.add(id);
    if ((await this.attempt(() => this.client.queue.cancel({ id }))) === undefined) this.stopping.delete(id);
  }

  async refreshModels(): Promise<void> {
    const { models, folders } = await this.client.models.list();
    this.models = models;
    this.folders = folders;
    if (this.draft.current.modelId === null) {
      const [first] = this.usableModels;
      if (first !== undefined) this.draft.chooseModel(first);
    }
  }

  async #readFacts(): Promise<void> {
    const [info, settings] = await Promise.all([this.client.info(), this.client.settings.get()]);
    this.info = info;
    this.#take(settings);
    this.draft.load(settings.draft);
    await this.draft.keepLost();
    await this.refreshModels();
    if (this.selected === null) await this.#selectNewest();
    this.ready = true;
  }

  async #selectNewest(): Promise<void> {
    const page = await this.client.history.page({ filter: { states: ['done'] }, sort: 'newest', limit: 1 });
    this.selected = page.items[0] ?? null;
  }

  #take(settings: Settings): void {
    this.settings = settings;
    language.set(settings.language);
  }

  #hear(event: StudioEvent): void {
    switch (event.type) {
      case 'queue':
        this.#takeQueue(event.queue);
        break;
      case 'settings':
        this.#take(event.settings);
        break;
      case 'next':
        this.#next = event;
        break;
      case 'started':
        this.#takeCount(event);
        this.progress.set(event.id, advance(this.progress.get(event.id), event));
        break;
      case 'progress':
      case 'preview':
        this.progress.set(event.id, advance(this.progress.get(event.id), event));
        break;
      case 'finished':
        this.#takeFinished(event.generation);
        break;
      case 'history':
        void this.attempt(() => this.#refreshSelected(event.ids));
        break;
      case 'models':
        void this.attempt(() => this.refreshModels());
        break;
      case 'warning':
      case 'presets':
      case 'extra':
        break;
    }
    this.#listeners.tell(event);
  }

  #takeCount({ id, tokenCount }: Extract<StudioEvent, { type: 'started' }>): void {
    const prompt = this.queue.items.find((each) => each.id === id)?.request.prompt;
    if (prompt !== undefined) this.counted = { prompt, tokens: tokenCount };
  }

  #takeQueue(queue: QueueState): void {
    this.queue = queue;
    const running = queue.items.find(({ state }) => state === 'running');
    if (running !== undefined && this.#follows) this.selected = running;
  }

  #takeFinished(generation: Generation): void {
    this.progress.delete(generation.id);
    this.stopping.delete(generation.id);
    if (this.selected?.id === generation.id) this.selected = generation;
  }

  async #refreshSelected(ids: readonly string[] | null): Promise<void> {
    const { selected } = this;
    if (selected === null || (ids !== null && !ids.includes(selected.id))) return;
    const fresh = await this.client.history.get({ id: selected.id });
    // Another picture may have been chosen meanwhile.
    if (this.selected?.id === selected.id) this.selected = fresh.deletedAt === null ? fresh : null;
  }
}
