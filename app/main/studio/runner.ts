import { setTimeout as wait } from 'node:timers/promises';
import sharp from 'sharp';
import type { JobEvent, JobFigures } from '#contract/engine-protocol.ts';
import { invariant } from '#contract/errors.ts';
import type { MapsEvent } from '#contract/archive/merge-maps.ts';
import { unetPlace } from '#contract/runtime-report.ts';
import type { Generation, MemoryFigure } from '#contract/studio/generation.ts';
import type { Settings } from '#contract/studio/settings.ts';
import type { Devices } from '#engine/devices/devices.ts';
import type { Engine } from '#engine/host.ts';
import type { OpenedHistory } from '#history/open.ts';
import { pictureTexts } from '#history/picture-record.ts';
import { toInfotext } from '#main/parameters.ts';
import type { EventHub } from './events.ts';
import type { LiveMaps } from './live-maps.ts';
import type { ModelAhead } from './model-ahead.ts';
import type { NextPlace } from './next-place.ts';
import { packInThread } from './pack.ts';
import { createTimeLeft, type TimeLeft } from './time-left.ts';

export interface RunnerContext {
  readonly history: OpenedHistory;
  readonly engine: Engine;
  readonly hub: EventHub;
  readonly models: ModelAhead;
  readonly liveMaps: LiveMaps;
  readonly settings: () => Settings;
  readonly devices: Devices;
  /** Says where the next picture is made; hears where pictures are begun, and where the engine would begin the next one. */
  readonly places: Pick<NextPlace, 'of' | 'begin' | 'learn'>;
  readonly version: string;
  readonly now: () => number;
}

type PictureEvent = Extract<JobEvent, { type: 'picture' }>;

/** Makes one picture of the queue and puts it into the history. Throws what stopped it; the queue writes that down. */
export async function runPicture(
  row: Generation,
  context: RunnerContext,
  signal: AbortSignal,
): Promise<void> {
  const { engine, models, settings, liveMaps, devices } = context;
  const run = new PictureRun(row, context);
  run.progress('loading', null, false);
  const model = await models.take(row.model.id);
  const { keepMaps, previewEvery, runtime } = settings();
  const { candidates, notices } = await devices.choose(runtime);
  context.places.begin(row.id, row.model.id, candidates);
  try {
    const figures = await engine.generate(
      { ...{ model, previewEvery, runtime, candidates, notices }, request: row.request, wantMaps: keepMaps },
      {
        signal,
        onEvent: (event) => {
          // However the picture ends, and though it ends before it was made.
          if (event.type === 'next') context.places.learn(row.model.id, candidates, event.place);
          else run.hear(event);
        },
      },
    );
    const { picture, maps } = run.result();
    run.progress('saving', null, false);
    findNextModel(context);
    await save(row, context, { picture, figures, maps });
  } finally {
    liveMaps.end(row.id);
    await run.settled();
  }
}

function findNextModel({ history: { store }, models }: RunnerContext): void {
  const next = store.nextQueued();
  if (next !== undefined) models.begin(store.required(next.id).model.id);
}

interface Made {
  readonly picture: PictureEvent;
  readonly figures: JobFigures;
  readonly maps: readonly MapsEvent[];
}

async function save(
  row: Generation,
  context: RunnerContext,
  { picture, figures, maps }: Made,
): Promise<void> {
  const { history, now, version } = context;
  const { store, pictures } = history;
  const { loadMs, runtime, memoryMode, estimatedBytes, estimatedDeviceBytes } = figures;
  const all = {
    ...{ ...picture.figures, loadMs },
    ...(runtime === undefined ? {} : { runtime }),
    ...(memoryMode === undefined ? {} : { memoryMode }),
    ...(estimatedBytes === undefined ? {} : { estimatedBytes }),
    ...(estimatedDeviceBytes === undefined ? {} : { estimatedDeviceBytes }),
  };
  const memory = memoryFigures(figures);
  const { id, batchId, createdAt, request, model } = row;
  const { merging, provider: began } = store.required(id);
  const provider = unetPlace(runtime)?.provider ?? began;
  const record = { id, batchId, createdAt, request, model, provider, merging, figures: all, memory };
  const texts = pictureTexts(
    record,
    toInfotext({ request, seed: picture.seed, modelName: model.name, version }),
  );
  // Maps first: a row that says done has all it says.
  if (maps.length > 0) await pictures.saveMaps(id, await packInThread({ kind: 'maps', events: maps }));
  const { rgb, widthPx, heightPx } = picture;
  const saved = await pictures.save(id, { rgb, widthPx, heightPx, texts, createdAt });
  // It may have ended elsewhere than it began.
  if (merging !== null && provider !== null && provider !== began) store.setMerging(id, merging, provider);
  const done = { finishedAt: now(), figures: all, memory, picture: saved, hasMaps: maps.length > 0 };
  invariant(store.finish(id, done), `Picture ${id} was finished but is not running any more.`);
}

function memoryFigures({ peakMemory, deviceMemory }: JobFigures): MemoryFigure[] {
  const process = { what: 'process', ...peakMemory } as const;
  return deviceMemory === undefined ? [process] : [process, { what: 'vram', ...deviceMemory }];
}

/** One job: hears the engine and tells the windows. */
class PictureRun {
  readonly #row: Generation;
  readonly #context: RunnerContext;
  readonly #maps: MapsEvent[] = [];
  readonly #timeLeft: TimeLeft;
  #picture: PictureEvent | undefined;
  #call = 0;
  #calls: number;
  #ratio: number | null = null;
  #preview: Promise<void> | undefined;

  constructor(row: Generation, context: RunnerContext) {
    this.#row = row;
    this.#context = context;
    this.#calls = row.request.steps;
    const { id: modelId, hash: modelHash } = row.model;
    const place = context.places.of(modelId);
    const known =
      place === null
        ? undefined
        : context.history.store.presetFigures({ modelId, modelHash, place, ...row.request });
    this.#timeLeft = createTimeLeft(
      known === undefined ? null : Math.max(0, known.totalMs - known.stepMs * this.#calls),
    );
  }

  hear(event: Exclude<JobEvent, { type: 'next' }>): void {
    const { history, hub, liveMaps } = this.#context;
    const { id } = this.#row;
    switch (event.type) {
      case 'started':
        this.#calls = event.calls;
        hub.publish({
          type: 'started',
          id,
          calls: event.calls,
          tokenCount: event.tokenCount,
          merging: event.merging,
        });
        // After the window was told: the write waits for the disk.
        history.store.setMerging(id, event.merging, unetPlace(event.runtime)?.provider ?? 'cpu');
        break;
      case 'memory':
        // What an artist should know of it comes as a warning.
        break;
      case 'warning':
        hub.publish({ type: 'warning', id, notice: event.notice });
        break;
      case 'maps':
        this.#maps.push(event);
        liveMaps.set(id, event);
        break;
      case 'progress':
        this.#call = event.call;
        this.#ratio = event.effectiveRatio;
        this.#timeLeft.step(event.tookMs, event.whole);
        this.progress(
          event.call < this.#calls ? 'steps' : 'decoding',
          event.tookMs,
          liveMaps.has(id, event.call),
        );
        break;
      case 'preview':
        // Encoding is quicker than a step; where it is not, a preview is left out.
        this.#preview ??= this.#showPreview(event).finally(() => {
          this.#preview = undefined;
        });
        break;
      case 'decoding':
        this.#timeLeft.decoded(event.done / event.strips);
        this.progress('decoding', null, liveMaps.has(id, this.#call), event.done / event.strips);
        break;
      case 'picture':
        this.#picture = event;
        break;
      case 'keeping':
        // Of jobs of several pictures; a row of the history is one.
        break;
    }
  }

  progress(
    phase: 'loading' | 'steps' | 'decoding' | 'saving',
    stepMs: number | null,
    hasMaps: boolean,
    decoded?: number,
  ): void {
    const remainingMs = phase === 'saving' ? null : this.#timeLeft.remainingMs(this.#calls - this.#call);
    this.#context.hub.publish({
      type: 'progress',
      id: this.#row.id,
      phase,
      call: this.#call,
      calls: this.#calls,
      stepMs,
      remainingMs,
      effectiveRatio: this.#ratio,
      hasMaps,
      ...(decoded === undefined ? {} : { decoded }),
    });
  }

  result(): { picture: PictureEvent; maps: readonly MapsEvent[] } {
    invariant(this.#picture !== undefined, 'The engine ended its job without a picture.');
    return { picture: this.#picture, maps: this.#maps };
  }

  /** Previews must not arrive after the end. */
  async settled(): Promise<void> {
    await this.#preview;
    await wait(0);
  }

  async #showPreview({
    rgb,
    widthPx,
    heightPx,
    call,
  }: Extract<JobEvent, { type: 'preview' }>): Promise<void> {
    const png = await sharp(rgb, { raw: { width: widthPx, height: heightPx, channels: 3 } })
      .png({ compressionLevel: 3 })
      .toBuffer();
    const dataUrl = `data:image/png;base64,${png.toString('base64')}`;
    this.#context.hub.publish({ type: 'preview', id: this.#row.id, call, dataUrl });
  }
}
