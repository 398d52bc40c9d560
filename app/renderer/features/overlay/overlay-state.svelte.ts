import { readTessera } from '#contract/archive/archive.ts';
import type { MergeMaps } from '#contract/archive/merge-maps.ts';
import type { Failure } from '#contract/studio/base.ts';
import type { Generation } from '#contract/studio/generation.ts';
import { mediaPaths } from '#contract/studio/media.ts';
import { failureOf } from '../../lib/failure.ts';
import { frameOf, frequencyOf, type Frame } from './frame.ts';
import { colourGroups } from './group-colouring.ts';
import type { OverlayMode, Painting } from './paint.ts';
import { createPaintings } from './paintings.ts';

type ReadMedia = (path: string, signal: AbortSignal) => Promise<Uint8Array>;

const playMs = 160;

/** Which maps are shown, and how: shared by the picture's overlay, the strip and the multiples. */
export class OverlayState {
  maps = $state.raw<MergeMaps | null>(null);
  loading = $state(false);
  failure = $state.raw<Failure | null>(null);
  blockIndex = $state(0);
  stepIndex = $state(0);
  /** 0 = the negative prompt's half, 1 = the prompt's. */
  half = $state(1);
  mode = $state<OverlayMode>('groups');
  opacity = $state(0.7);
  /** While Space is held. */
  hidden = $state(false);
  shown = $state(true);
  playing = $state(false);
  token = $state<number>();
  readonly #read: ReadMedia;
  readonly #paintings = createPaintings();
  #id: string | null = null;
  #stop: AbortController | undefined;
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(read: ReadMedia) {
    this.#read = read;
  }

  readonly block = $derived(this.maps?.blocks[this.blockIndex]);
  readonly step = $derived(this.maps?.steps[this.stepIndex]);
  readonly stepCount = $derived(this.maps?.steps.length ?? 0);
  readonly batch = $derived(this.block?.batch ?? 1);
  readonly painting = $derived(
    this.maps === null ? undefined : this.paintingOf(this.blockIndex, this.stepIndex),
  );
  readonly frame: Frame | undefined = $derived(this.painting?.frame);

  /** Reads the maps of a finished picture; of one that is being made, `addLive` brings them. */
  async open(generation: Generation | null): Promise<void> {
    const id = generation?.id ?? null;
    const done = generation?.state === 'done';
    if (id === this.#id && (!done || this.maps !== null || this.loading)) return;
    const wasLive = id === this.#id;
    this.#stop?.abort();
    this.#id = id;
    if (!wasLive) this.take(null);
    this.failure = null;
    if (id === null || !done || !generation.hasMaps) return;
    const stop = new AbortController();
    this.#stop = stop;
    this.loading = true;
    try {
      const { maps } = await readTessera(await this.#read(mediaPaths.maps(id), stop.signal));
      if (!stop.signal.aborted) this.take(maps ?? null);
    } catch (error) {
      if (!stop.signal.aborted) this.failure = failureOf(error);
    } finally {
      if (this.#stop === stop) this.loading = false;
    }
  }

  /** One more step of the picture that is being made. */
  async addLive(id: string, call: number): Promise<void> {
    if (id !== this.#id || this.maps?.steps.some((step) => step.call === call) === true) return;
    const { maps } = await readTessera(
      await this.#read(mediaPaths.liveMaps(id, call), new AbortController().signal),
    );
    if (id !== this.#id || maps === undefined) return;
    const atEnd = this.stepIndex >= this.stepCount - 1;
    this.#paintings.clear();
    this.maps = this.maps === null ? maps : appended(this.maps, maps);
    if (atEnd) this.stepIndex = this.stepCount - 1;
  }

  take(maps: MergeMaps | null): void {
    this.pause();
    this.#paintings.clear();
    this.maps = maps;
    this.token = undefined;
    this.blockIndex = Math.min(this.blockIndex, Math.max(0, (maps?.blocks.length ?? 1) - 1));
    this.stepIndex = Math.min(this.stepIndex, Math.max(0, (maps?.steps.length ?? 1) - 1));
  }

  paintingOf(blockIndex: number, stepIndex: number): Painting | undefined {
    const { maps, half } = this;
    if (maps === null) return undefined;
    return this.#paintings.get(`${blockIndex}/${stepIndex}/${half}`, () => {
      const frame = frameOf(maps, blockIndex, stepIndex, half);
      if (frame === undefined) return undefined;
      const frequency = frequencyOf(maps, blockIndex, half);
      return { frame, colours: colourGroups(frame), frequency, stepCount: maps.steps.length };
    });
  }

  /** Share of a block's tokens that is merged away at the step shown. */
  shareOf(blockIndex: number): number {
    const frame = this.paintingOf(blockIndex, this.stepIndex)?.frame;
    return frame === undefined ? 0 : frame.merged / frame.map.length;
  }

  chooseBlock(index: number): void {
    if (this.maps === null) return;
    this.blockIndex = Math.min(this.maps.blocks.length - 1, Math.max(0, index));
    this.token = undefined;
  }

  chooseStep(index: number): void {
    this.stepIndex = Math.min(Math.max(0, this.stepCount - 1), Math.max(0, index));
  }

  togglePlay(): void {
    if (this.playing) this.pause();
    else if (this.stepCount > 1) {
      this.playing = true;
      this.#timer = setInterval(() => {
        this.stepIndex = (this.stepIndex + 1) % this.stepCount;
      }, playMs);
    }
  }

  pause(): void {
    clearInterval(this.#timer);
    this.playing = false;
  }

  dispose(): void {
    this.#stop?.abort();
    this.take(null);
  }
}

/** Steps follow one another; blocks and grids are those of the picture's first step. */
function appended(before: MergeMaps, after: MergeMaps): MergeMaps {
  return {
    steps: [...before.steps, ...after.steps],
    grids: before.grids.map((grid) => {
      const more = after.grids.find(({ gridW, gridH }) => gridW === grid.gridW && gridH === grid.gridH);
      return { ...grid, destinations: joined(grid.destinations, more?.destinations) };
    }),
    blocks: before.blocks.map((block) => {
      const more = after.blocks.find((each) => each.block === block.block);
      return { ...block, map: joined(block.map, more?.map) };
    }),
  };
}

function joined(before: Int32Array, more: Int32Array | undefined): Int32Array {
  const out = new Int32Array(before.length + (more?.length ?? 0));
  out.set(before);
  if (more !== undefined) out.set(more, before.length);
  return out;
}
