import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { basename, dirname, extname, isAbsolute, relative, resolve, sep } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { ModelReference } from '#contract/engine-protocol.ts';
import { ModelError } from '#contract/errors.ts';
import type { ModelDefaults } from '#contract/model.ts';
import type { ModelEntry, ModelFolder } from '#contract/studio/models.ts';
import type { SchedulerName } from '#contract/request.ts';
import type { HistoryStore } from '#history/store.ts';
import type { FolderRow, ModelRow } from '#history/types.ts';
import { upLayerCount } from '#kernels/nets/unet-extent.ts';
import { EMBEDDED_MODEL, embeddedModelPath } from '#library/models.ts';
import { factsKeyOf, inspectFacts, type CheckpointFacts, type ModelFacts } from './facts.ts';
import { freeMemoryBytes } from '#engine/memory/free.ts';
import { ownMemory } from './memory-estimate.ts';
import { isReadableFolder, scanFolder } from './scan.ts';

export interface CatalogueOptions {
  readonly store: HistoryStore;
  /** Our own folder, for dropped files. */
  readonly ownFolder: string;
  /** Folders given at start; they stay for this run. */
  readonly givenFolders: readonly string[];
  readonly now: () => number;
  readonly onChange: () => void;
}

export interface ModelList {
  readonly models: ModelEntry[];
  readonly folders: ModelFolder[];
  /** Taken off the list by the artist. */
  readonly removed: ModelEntry[];
}

/** A list that takes longer is given as it stands; what is not read yet says so, and `models` tells when it is. */
const longestWaitMs = 1000;

/** Checkpoints where they lie: found, checked once, remembered. */
export class ModelCatalogue {
  readonly #options: CatalogueOptions;
  #scan: Promise<void> | undefined;
  /** Folders removed since the start, with the models that went with them. */
  readonly #removedFolders = new Map<string, { folder: FolderRow; ids: string[] }>();

  constructor(options: CatalogueOptions) {
    this.#options = options;
  }

  async list(): Promise<ModelList> {
    await Promise.race([(this.#scan ??= this.#rescan()), setTimeout(longestWaitMs, undefined, { ref: false })]);
    const freeBytes = await freeMemoryBytes();
    const rows = this.#rows();
    const entries = (removed: boolean) =>
      rows.filter((row) => row.removed === removed).map((row) => toEntry(row, freeBytes));
    return { models: entries(false), folders: this.#folders(), removed: entries(true) };
  }

  async rescan(): Promise<ModelList> {
    this.#scan = this.#rescan();
    const list = await this.list();
    this.#options.onChange();
    return list;
  }

  /** Where the engine finds it. Throws MODEL_NOT_FOUND and whatever made it unusable. */
  async reference(id: string): Promise<ModelReference> {
    await this.#checked(id);
    return { path: this.#row(id).path };
  }

  async facts(id: string): Promise<CheckpointFacts> {
    return await this.#checked(id);
  }

  async defaults(id: string): Promise<ModelDefaults & { scheduler: SchedulerName }> {
    const { defaults } = await this.#checked(id);
    return { ...defaults, scheduler: defaults.scheduler as SchedulerName };
  }

  /** As rows of the history name it. */
  async identity(id: string): Promise<{ id: string; name: string; hash: string | null }> {
    const { hash } = await this.#checked(id);
    return { id, name: nameOf(this.#row(id)), hash };
  }

  rename(id: string, name: string): Promise<ModelEntry> {
    return this.#change(id, { name });
  }

  setHidden(id: string, hidden: boolean): Promise<ModelEntry> {
    return this.#change(id, { hidden });
  }

  remove(id: string): boolean {
    if (id === EMBEDDED_MODEL || !this.#rows().some((row) => row.id === id && !row.removed)) return false;
    this.#save({ ...this.#row(id), removed: true });
    return true;
  }

  async restore(id: string): Promise<ModelEntry> {
    const row = this.#rows().find((each) => each.id === id);
    if (row === undefined) throw notOnList(id);
    const back = existsSync(row.path) ? await this.#refresh({ ...row, removed: false }) : { ...row, removed: false };
    this.#save(back);
    return toEntry(back, await freeMemoryBytes());
  }

  /** One checkpoint by its path, back on the list if it had been removed. Throws why it cannot be used. */
  async addFile(path: string): Promise<ModelEntry> {
    const absolute = resolve(path);
    if (!existsSync(absolute)) throw notFound(absolute);
    const row = await this.#refresh({ ...this.#rowFor(absolute), removed: false });
    const { failure } = factsOf(row);
    if (failure !== null) throw new ModelError(failure.code, failure.message, { details: { path: absolute } });
    this.#save(row);
    return toEntry(row, await freeMemoryBytes());
  }

  async addFolder(path: string): Promise<ModelFolder> {
    const absolute = resolve(path);
    if (!existsSync(absolute)) throw notFound(absolute);
    const folder = { id: idOf(absolute), path: absolute, addedAt: this.#options.now() };
    this.#options.store.saveFolder(folder);
    await this.rescan();
    return { id: folder.id, path: absolute, own: false, given: false, missing: false };
  }

  removeFolder(id: string): boolean {
    const folder = this.#options.store.listFolders().find((each) => each.id === id);
    if (folder === undefined) return false;
    const { store, onChange } = this.#options;
    const others = this.#folders().filter((each) => each.id !== id);
    const gone = this.#rows().filter(
      ({ path, removed }) =>
        !removed && isWithin(folder.path, path) && !others.some((each) => isWithin(each.path, path)),
    );
    store.removeFolder(id);
    for (const row of gone) store.saveModel({ ...row, removed: true });
    this.#removedFolders.set(id, { folder, ids: gone.map((row) => row.id) });
    onChange();
    return true;
  }

  /** The way back from removeFolder. Throws MODEL_NOT_FOUND where it was not removed in this run. */
  async restoreFolder(id: string): Promise<ModelFolder> {
    const removed = this.#removedFolders.get(id);
    if (removed === undefined)
      throw new ModelError(
        'MODEL_NOT_FOUND',
        'This folder was not removed since Tessera was started. Choose it again on the Models screen.',
      );
    const { store } = this.#options;
    store.saveFolder(removed.folder);
    for (const row of this.#rows()) if (removed.ids.includes(row.id)) store.saveModel({ ...row, removed: false });
    this.#removedFolders.delete(id);
    await this.rescan();
    const { path } = removed.folder;
    return { id, path, own: false, given: false, missing: !existsSync(path) };
  }

  #folders(): ModelFolder[] {
    const { store, ownFolder, givenFolders } = this.#options;
    const own = { id: idOf(ownFolder), path: ownFolder, own: true, given: false };
    const given = givenFolders
      .map((path) => resolve(path))
      .map((path) => ({ id: idOf(path), path, own: false, given: true }));
    const kept = store.listFolders().map(({ id, path }) => ({ id, path, own: false, given: false }));
    const all = new Map<string, Omit<ModelFolder, 'missing'>>();
    for (const folder of [own, ...given, ...kept]) if (!all.has(folder.id)) all.set(folder.id, folder);
    return [...all.values()].map((folder) => ({
      ...folder,
      // Ours is made when the first file comes.
      missing: !folder.own && !isReadableFolder(folder.path),
    }));
  }

  async #rescan(): Promise<void> {
    const { store } = this.#options;
    const known = new Map(store.listModels().map((row) => [row.id, row]));
    const found = new Set<string>([embeddedModelPath()]);
    for (const folder of this.#folders()) for (const path of (await scanFolder(folder.path)) ?? []) found.add(path);
    for (const row of known.values()) if (!row.removed) found.add(row.path);
    const rows = [...found]
      .filter((path) => existsSync(path))
      .map((path) => this.#rowFor(path))
      .filter((row) => !row.removed);
    // All are on the list at once, as being checked; reading their headers may take a while on a slow disk.
    for (const row of rows) if (!known.has(row.id)) store.saveModel(row);
    const began = performance.now();
    for (const before of rows) {
      const row = await this.#refresh(before);
      if (row !== before) store.saveModel({ ...this.#rowFor(row.path), factsKey: row.factsKey, facts: row.facts });
    }
    // Somebody was given the list before it was whole.
    if (performance.now() - began > longestWaitMs) this.#options.onChange();
  }

  #rows(): ModelRow[] {
    const rows = this.#options.store.listModels();
    return rows.toSorted((a, b) => Number(b.id === EMBEDDED_MODEL) - Number(a.id === EMBEDDED_MODEL));
  }

  #row(id: string): ModelRow {
    const row = this.#options.store.listModels().find((each) => each.id === id);
    if (row !== undefined && !row.removed) return row;
    throw notOnList(id);
  }

  #rowFor(path: string): ModelRow {
    const id = idOf(path);
    const known = this.#options.store.listModels().find((row) => row.id === id);
    const fresh = { name: null, hidden: false, removed: false, addedAt: this.#options.now(), factsKey: null, facts: null };
    return known ?? { id, path, ...fresh };
  }

  async #refresh(row: ModelRow): Promise<ModelRow> {
    const factsKey = await factsKeyOf(row.path);
    // Gone between one look and the next.
    if (factsKey === undefined) return row;
    return factsKey === row.factsKey ? row : { ...row, factsKey, facts: await inspectFacts(row.path) };
  }

  /** The facts of a model that can be used now. */
  async #checked(id: string): Promise<CheckpointFacts> {
    await (this.#scan ??= this.#rescan());
    const row = this.#row(id);
    if (!existsSync(row.path)) throw notFound(row.path);
    const current = await this.#refresh(row);
    if (current !== row) this.#options.store.saveModel(current);
    const { failure, checkpoint } = factsOf(current);
    if (checkpoint !== null) return checkpoint;
    throw new ModelError(failure?.code ?? 'MODEL_UNREADABLE', failure?.message ?? `${row.path} could not be read.`);
  }

  async #change(id: string, changes: Partial<ModelRow>): Promise<ModelEntry> {
    const row = { ...this.#row(id), ...changes };
    this.#save(row);
    return toEntry(row, await freeMemoryBytes());
  }

  #save(row: ModelRow): void {
    this.#options.store.saveModel(row);
    this.#options.onChange();
  }
}

function notOnList(id: string): ModelError {
  return new ModelError('MODEL_NOT_FOUND', `The model ${id} is not on the list any more. Choose another one on the Models screen, or add it again.`);
}

function isWithin(folder: string, path: string): boolean {
  const below = relative(folder, path);
  return below !== '..' && !below.startsWith(`..${sep}`) && !isAbsolute(below);
}

function notFound(path: string): ModelError {
  return new ModelError('MODEL_NOT_FOUND', `There is nothing at ${path}. It may have been moved or deleted; put it back, or choose another model.`, { details: { path } });
}

function idOf(path: string): string {
  if (path === embeddedModelPath()) return EMBEDDED_MODEL;
  return createHash('sha256').update(path).digest('hex').slice(0, 16);
}

function factsOf(row: ModelRow): ModelFacts {
  return (row.facts as ModelFacts | null) ?? { failure: null, checkpoint: null };
}

function nameOf(row: ModelRow): string {
  if (row.name !== null) return row.name;
  return row.id === EMBEDDED_MODEL ? 'Tessera demo' : basename(row.path, extname(row.path) === '.safetensors' ? '.safetensors' : '');
}

function toEntry(row: ModelRow, freeBytes: number): ModelEntry {
  const { failure, checkpoint } = factsOf(row);
  const state = !existsSync(row.path) ? 'missing' : checkpoint !== null ? 'ready' : failure === null ? 'checking' : 'unusable';
  const { layout = null, kind = null, sizeBytes = null, parameterCount = null, precision = null } = checkpoint ?? {};
  return {
    id: row.id,
    name: nameOf(row),
    fileName: basename(row.path),
    folder: dirname(row.path),
    embedded: row.id === EMBEDDED_MODEL,
    state,
    failure,
    hidden: row.hidden,
    ...{ layout, kind, sizeBytes, parameterCount, precision },
    memory: checkpoint === null ? null : ownMemory(checkpoint, freeBytes),
    defaults: checkpoint === null ? null : { ...checkpoint.defaults, scheduler: checkpoint.defaults.scheduler as SchedulerName },
    stepCacheBranches: checkpoint === null ? null : upLayerCount(checkpoint.unet),
    vocabulary: checkpoint?.vocabulary === undefined || checkpoint.vocabulary === null ? null : [...checkpoint.vocabulary],
  };
}
