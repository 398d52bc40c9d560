import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { getLogger } from '@logtape/logtape';
import { StudioError } from '#contract/errors.ts';
import { mergingKey } from '#contract/merging-key.ts';
import { isSamePlace } from '#contract/runtime.ts';
import { measuredPlace } from '#contract/runtime-report.ts';
import type { Generation } from '#contract/studio/generation.ts';
import type { ModelEntry } from '#contract/studio/models.ts';
import { createEngine, type Engine } from '#engine/host.ts';
import { residentBytes } from '#engine/memory/free.ts';
import type { EngineEnvironment, EnginePort } from '#engine/port.ts';
import { openHistory, type OpenedHistory } from '#history/open.ts';
import { openMachine } from '#main/machine.ts';
import { createEventHub, type EventHub } from './events.ts';
import { createLiveMaps } from './live-maps.ts';
import { readMedia, type MediaAnswer } from './media.ts';
import { ModelCatalogue } from './models/catalogue.ts';
import { receiveModel } from './models/upload.ts';
import { NextPlace } from './next-place.ts';
import { createPresets, type PresetKeeper } from './presets.ts';
import { ModelAhead } from './model-ahead.ts';
import { measureQuality } from './quality.ts';
import { Queue } from './queue.ts';
import { createRequests } from './requests.ts';
import { createRouter, type StudioRouter } from './router.ts';
import { runPicture } from './runner.ts';
import { createSettings, type SettingsKeeper } from './settings.ts';
import { createSystem, type SystemKeeper } from './system.ts';

export interface StudioOptions {
  /** History, pictures, maps and our own models. */
  readonly dataFolder: string;
  readonly host: 'desktop' | 'browser';
  /** A utility process on the desktop; a child process of Node where nothing is given. */
  readonly startEnginePort?: (env: EngineEnvironment) => EnginePort;
  /** Folders of checkpoints for this run. */
  readonly modelFolders?: readonly string[];
  readonly now?: () => number;
}

/** The one studio behind every host. */
export interface Studio {
  readonly router: StudioRouter;
  media(path: string): Promise<MediaAnswer | undefined>;
  /** A checkpoint that a window sends. */
  acceptModelUpload(name: string, body: AsyncIterable<Uint8Array>): Promise<ModelEntry>;
  /** Hears of each picture that came to its end. */
  onFinished(listener: (generation: Generation) => void): void;
  engineProcessId(): number | undefined;
  /** What is running goes back to the queue, for the next start. */
  dispose(): Promise<void>;
}

/** What the router needs of the studio. */
export interface StudioParts {
  readonly version: string;
  readonly host: StudioOptions['host'];
  readonly dataFolder: string;
  readonly hub: EventHub;
  readonly queue: Queue;
  readonly requests: ReturnType<typeof createRequests>;
  readonly history: OpenedHistory;
  readonly catalogue: ModelCatalogue;
  readonly presets: PresetKeeper;
  readonly settings: SettingsKeeper;
  readonly system: SystemKeeper;
  readonly places: NextPlace;
  /** What the engine's process holds now. */
  readonly engineBytes: () => Promise<number>;
  readonly log: (error: unknown) => void;
}

const logger = getLogger(['tessera', 'studio']);

/** Opens the history and begins what the queue holds. Throws HISTORY_FROM_THE_FUTURE and HISTORY_UNWRITABLE. */
export async function createStudio(options: StudioOptions): Promise<Studio> {
  const { dataFolder, host, modelFolders = [], now = Date.now } = options;
  const log = (error: unknown): void => {
    logger.error('A mistake of ours: {error}', { error });
  };
  const machine = openMachine({ dataFolder, startPort: options.startEnginePort, log });
  const history = await openHistory({ folder: dataFolder, now });
  const { store } = history;
  const version = readVersion();
  const engine = createEngine({
    startPort: machine.startPort,
    onEnd: () => {
      places.forget();
    },
  });
  const liveMaps = createLiveMaps();
  const listeners = new Set<(generation: Generation) => void>();
  const hub: EventHub = createEventHub(() => [
    { type: 'queue', queue: queue.state() },
    { type: 'settings', settings: settings.get() },
    places.current,
  ]);
  const places = new NextPlace(machine.devices, (event) => {
    hub.publish(event);
  });
  const settings = createSettings(store, () => hub);
  const ownFolder = join(dataFolder, 'models');
  const onChange = (): void => {
    hub.publish({ type: 'models' });
  };
  const catalogue = new ModelCatalogue({ store, ownFolder, givenFolders: modelFolders, now, onChange });
  const context = {
    history,
    engine,
    hub,
    models: new ModelAhead((id) => catalogue.reference(id)),
    liveMaps,
    settings: () => settings.get(),
    devices: machine.devices,
    places,
    version,
    now,
  };
  const queue = new Queue({
    ...{ store, hub, now },
    run: (row, signal) => runPicture(row, context, signal),
    onEnd: (row) => {
      for (const listener of listeners) listener(row);
      afterEnd(history, hub, row).catch(log);
    },
  });
  const system = createSystem(
    machine,
    places,
    () => hub,
    async () => {
      // A picture being made keeps its process; the next start finds the extra.
      if (queue.state().items.every(({ state }) => state !== 'running')) await engine.dispose();
    },
    log,
  );
  const presets = createPresets(store, catalogue, places, now);
  const requests = createRequests(store, queue, catalogue, places);
  const parts = {
    engineBytes: () => residentBytes(engine.pid),
    ...{ version, host, dataFolder, hub, queue, requests },
    ...{ history, catalogue, presets, settings, system, places, log },
  };
  await discardFailed(history);
  // What was never tried is tried now rather than when the first picture waits for it.
  places.choose(settings.get().runtime).catch(log);
  queue.pump();
  return {
    router: createRouter(parts),
    media: (path) => readMedia(history, liveMaps, path),
    acceptModelUpload: async (name, body) =>
      await catalogue.addFile(await receiveModel(ownFolder, name, body)),
    onFinished: (listener) => void listeners.add(listener),
    engineProcessId: () => engine.pid,
    dispose: () => dispose(queue, engine, history),
  };
}

/** What was begun at the last start once too often. */
async function discardFailed({ store, pictures }: OpenedHistory): Promise<void> {
  for (const id of store.recoverInterrupted().failed)
    await pictures.discard(id, store.required(id).createdAt);
}

async function afterEnd(history: OpenedHistory, hub: EventHub, row: Generation): Promise<void> {
  if (row.state === 'done') await compareWithUnmerged(history, hub, row);
  else if (row.attempts > 0) await history.pictures.discard(row.id, row.createdAt);
}

async function dispose(queue: Queue, engine: Engine, { store }: OpenedHistory): Promise<void> {
  const ended = queue.dispose();
  // A step can take minutes; the process is ended rather than waited for.
  await engine.dispose();
  await ended;
  store.close();
}

/** PSNR and SSIM come by themselves where the unmerged picture of the same request, or its merged ones, are there. */
async function compareWithUnmerged(history: OpenedHistory, hub: EventHub, row: Generation): Promise<void> {
  const { store } = history;
  const isPlain = ({ request: { merging, stepCache } }: Generation) =>
    mergingKey(merging, stepCache) === 'none';
  const placeOf = ({ figures }: Generation) => measuredPlace(figures?.runtime);
  const alike = store.related(row.id).filter(
    (each) =>
      each.state === 'done' &&
      each.request.steps === row.request.steps &&
      each.request.scheduler === row.request.scheduler &&
      // What 8 bits cost, or another device, is none of merging's.
      isSamePlace(placeOf(each), placeOf(row)),
  );
  const reference = alike.find(isPlain);
  const merged = alike.filter((each) => !isPlain(each) && each.quality?.referenceId !== reference?.id);
  if (reference === undefined || merged.length === 0) return;
  const ids = merged.map(({ id }) => id);
  try {
    await measureQuality(history, reference.id, ids);
  } catch (error) {
    // A picture may be gone from the disk by now; its row says so when it is looked at.
    if (!(error instanceof StudioError)) throw error;
    return;
  }
  hub.publish({ type: 'history', ids });
}

function readVersion(): string {
  const text = readFileSync(join(import.meta.dirname, '..', '..', '..', 'package.json'), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
