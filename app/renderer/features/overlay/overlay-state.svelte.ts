import type { TesseraFile } from '#contract/archive/archive.ts';
import { appendMaps, type MergeMaps } from '#contract/archive/merge-maps.ts';
import type { Failure } from '#contract/studio/base.ts';
import type { Generation } from '#contract/studio/generation.ts';
import { mediaPaths } from '#contract/studio/media.ts';
import { failureOf } from '../../lib/failure.ts';
import type { Flow } from './flow.ts';
import { halvesDiffer, tokenAt, type Frame } from './frame.ts';
import type { OverlayMode, Painting } from './paint.ts';
import { createPaintings } from './paintings.ts';
import { levelsOf, type PlainBlock } from './unet-map.ts';

export interface OverlaySource {
  readArchive(path: string, signal: AbortSignal): Promise<TesseraFile>;
  /** Remembers the opacity that was chosen. */
  keepOpacity?(opacity: number): void;
}

/** A place of the picture, 0 to 1 both ways: the same one in blocks of any grid. */
export interface Place {
  readonly x: number;
  readonly y: number;
}

const settleMs = 120;
export const speeds = [2, 5, 10, 20] as const;

/** Which maps are shown, and how: shared by the picture's overlay, the strip and the multiples. */
export class OverlayState {
  maps = $state.raw<MergeMaps | null>(null);
  unmerged = $state.raw<readonly PlainBlock[]>([]);
  loading = $state(false);
  failure = $state.raw<Failure | null>(null);
  blockIndex = $state(0);
  stepIndex = $state(0);
  /** The step, once it stands still: what is costly to draw does not follow every one of a scrub. */
  settledStepIndex = $state(0);
  /** 0 = the negative prompt's half, 1 = the prompt's. */
  half = $state(1);
  mode = $state<OverlayMode>('groups');
  opacity = $state(0.7);
  /** While Space is held: hides what is shown, and shows what is hidden. */
  held = $state(false);
  /** Over the picture on the make screen; null until the artist says: then only while it is being made. */
  shownOnStage = $state<boolean | null>(null);
  shownInLook = $state(true);
  playing = $state(false);
  /** Steps a second. */
  speed = $state<number>(speeds[1]);
  place = $state.raw<Place>();
  /** The place stays when the pointer leaves. */
  pinned = $state(false);
  readonly #source: OverlaySource;
  readonly #paintings = createPaintings();
  #id: string | null = null;
  #stop: AbortController | undefined;
  #live: Promise<void> = Promise.resolve();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #settling: ReturnType<typeof setTimeout> | undefined;

  constructor(source: OverlaySource) {
    this.#source = source;
  }

  readonly block = $derived(this.maps?.blocks[this.blockIndex]);
  readonly step = $derived(this.maps?.steps[this.stepIndex]);
  readonly stepCount = $derived(this.maps?.steps.length ?? 0);
  readonly levels = $derived(levelsOf(this.maps, this.unmerged));
  readonly halvesDiffer = $derived(this.block !== undefined && halvesDiffer(this.block));
  readonly shares = $derived(this.sharesOf(this.blockIndex));
  readonly painting = $derived(
    this.maps === null ? undefined : this.paintingOf(this.blockIndex, this.stepIndex),
  );
  readonly frame: Frame | undefined = $derived(this.painting?.frame);
  readonly flow: Flow | undefined = $derived(
    this.mode === 'flow' && this.painting !== undefined ? this.flowOf(this.painting) : undefined,
  );
  readonly token = $derived(
    this.place === undefined || this.frame === undefined
      ? undefined
      : tokenAt(this.frame, this.place.x, this.place.y),
  );

  /** Reads the maps of a finished picture; of one that is being made, `addLive` brings them. */
  async open(generation: Generation | null): Promise<void> {
    const id = generation?.id ?? null;
    const done = generation?.state === 'done';
    const isSame = id === this.#id;
    // A picture that is being made has no report in its row yet: `begin` brings it.
    if (!isSame || generation?.merging != null) this.unmerged = generation?.merging?.unmerged ?? [];
    if (isSame && (!done || this.maps !== null || this.loading)) return;
    this.#stop?.abort();
    this.#id = id;
    if (!isSame) this.take(null);
    this.failure = null;
    this.loading = false;
    if (id === null || !done || !generation.hasMaps) return;
    const stop = new AbortController();
    this.#stop = stop;
    this.loading = true;
    try {
      const { maps } = await this.#source.readArchive(mediaPaths.maps(id), stop.signal);
      if (!stop.signal.aborted) this.take(maps ?? null);
    } catch (error) {
      if (!stop.signal.aborted) this.failure = failureOf(error);
    } finally {
      if (this.#stop === stop) this.loading = false;
    }
  }

  /** The picture that is being made has begun: the blocks in which nothing will merge are known. */
  begin(id: string, unmerged: readonly PlainBlock[]): void {
    if (id === this.#id) this.unmerged = unmerged;
  }

  /** One more step of the picture that is being made; one after another, in the order in which they were told. */
  addLive(id: string, call: number): Promise<void> {
    this.#live = this.#live
      .then(() => this.#readLive(id, call))
      .catch((error: unknown) => {
        if (id === this.#id) this.failure = failureOf(error);
      });
    return this.#live;
  }

  async #readLive(id: string, call: number): Promise<void> {
    const isWanted = (): boolean =>
      id === this.#id && this.maps?.steps.some((step) => step.call >= call) !== true;
    if (!isWanted()) return;
    const path = mediaPaths.liveMaps(id, call);
    const { maps } = await this.#source.readArchive(path, new AbortController().signal);
    if (maps === undefined || !isWanted()) return;
    const isAtEnd = this.stepIndex >= this.stepCount - 1;
    this.#paintings.clear();
    this.maps = this.maps === null ? maps : appendMaps(this.maps, maps);
    if (isAtEnd && !this.playing) this.#goTo(this.stepCount - 1);
  }

  /** Shows these maps from now on. */
  take(maps: MergeMaps | null, unmerged?: readonly PlainBlock[]): void {
    this.pause();
    this.#paintings.clear();
    // The last step is the one most like the picture.
    const lastStep = Math.max(0, (maps?.steps.length ?? 1) - 1);
    this.#goTo(this.maps === null ? lastStep : Math.min(this.stepIndex, lastStep));
    this.settledStepIndex = this.stepIndex;
    this.maps = maps;
    if (unmerged !== undefined) this.unmerged = unmerged;
    this.place = undefined;
    this.pinned = false;
    if (maps !== null) this.blockIndex = Math.min(this.blockIndex, Math.max(0, maps.blocks.length - 1));
  }

  paintingOf(blockIndex: number, stepIndex: number): Painting | undefined {
    return this.maps === null ? undefined : this.#paintings.get(this.maps, blockIndex, stepIndex, this.half);
  }

  /** Share of a block's tokens that is merged away, at each step. */
  sharesOf(blockIndex: number): readonly number[] {
    return this.maps === null ? [] : this.#paintings.shares(this.maps, blockIndex, this.half);
  }

  flowOf(painting: Painting): Flow {
    return this.#paintings.flow(painting);
  }

  /** Whoever chooses what is shown wants to see it. */
  #show(): void {
    this.shownOnStage = true;
    this.shownInLook = true;
  }

  chooseMode(mode: OverlayMode): void {
    this.mode = mode;
    this.#show();
  }

  chooseBlock(index: number): void {
    if (this.maps === null) return;
    this.#show();
    this.blockIndex = Math.min(this.maps.blocks.length - 1, Math.max(0, index));
  }

  chooseStep(index: number): void {
    this.pause();
    this.#show();
    this.#goTo(Math.min(Math.max(0, this.stepCount - 1), Math.max(0, index)));
  }

  #goTo(step: number): void {
    this.stepIndex = step;
    this.#settling ??= this.#settleLater(step);
  }

  /** One timer runs at a time, and begins again where the step has changed meanwhile: not one for every frame of a scrub. */
  #settleLater(step: number): ReturnType<typeof setTimeout> {
    return setTimeout(() => {
      const isStill = step === this.stepIndex;
      if (isStill) this.settledStepIndex = step;
      this.#settling = isStill ? undefined : this.#settleLater(this.stepIndex);
    }, settleMs);
  }

  point(place: Place | undefined): void {
    if (!this.pinned) this.place = place;
  }

  /** Keeps the place, so that blocks and steps can be gone through with it; or lets it go. */
  pin(place: Place | undefined): void {
    this.pinned = !this.pinned && place !== undefined;
    this.place = place;
  }

  setOpacity(opacity: number): void {
    this.opacity = opacity;
    this.#source.keepOpacity?.(opacity);
  }

  togglePlay(): void {
    if (this.playing) this.pause();
    else if (this.stepCount > 1) {
      this.playing = true;
      this.#show();
      this.#next();
    }
  }

  #next(): void {
    this.#timer = setTimeout(() => {
      this.#goTo((this.stepIndex + 1) % Math.max(1, this.stepCount));
      this.#next();
    }, 1000 / this.speed);
  }

  pause(): void {
    clearTimeout(this.#timer);
    this.playing = false;
  }

  dispose(): void {
    this.#stop?.abort();
    this.#id = null;
    this.take(null, []);
    clearTimeout(this.#settling);
    this.#settling = undefined;
  }
}
