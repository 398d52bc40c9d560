import { totalmem } from 'node:os';
import { implement, ORPCError, ValidationError } from '@orpc/server';
import * as v from 'valibot';
import { ContractError, StudioError, toWire } from '#contract/errors.ts';
import { studioContract } from '#contract/studio/api.ts';
import { systemCpuName, tidyDeviceName } from '#engine/devices/device-names.ts';
import { freeMemoryBytes } from '#engine/memory/free.ts';
import { assertStepCache } from '#engine/pipeline/check-request.ts';
import type { StudioParts } from './studio.ts';
import { describeForStudio } from './describe-merging.ts';
import { measureQuality } from './quality.ts';
import { memoryNeed } from './models/memory-estimate.ts';

/** Who asks: the desktop's own window may name paths of this machine, a browser may not. */
export interface Caller {
  readonly trusted: boolean;
}

const windows = implement(studioContract).$context<Caller>();

/** Errors of ours leave as the contract's; wrong input is told field by field; anything else is a bug that is logged. */
function withErrors(log: (error: unknown) => void) {
  return windows.middleware(async ({ next }) => {
    try {
      return await next();
    } catch (error) {
      throw asContractError(error, log);
    }
  });
}

function asContractError(error: unknown, log: (error: unknown) => void): unknown {
  if (error instanceof ORPCError) {
    const cause: unknown = error.cause;
    if (!(cause instanceof ValidationError)) return error;
    const issues = cause.issues.map((issue) => `${pathOf(issue.path)}${issue.message}`);
    return asContractError(
      new ContractError('REQUEST_INVALID', `${issues.join('. ')}.`, { details: { issues } }),
      log,
    );
  }
  if (!(error instanceof StudioError)) log(error);
  const { code, message, details } = toWire(error);
  return new ORPCError('STUDIO', { status: 422, defined: true, message, data: { code, message, details } });
}

function pathOf(path: readonly unknown[] | undefined): string {
  const keys = (path ?? []).map((part) =>
    String(v.is(v.object({ key: v.unknown() }), part) ? part.key : part),
  );
  return keys.length === 0 ? '' : `${keys.join('.')}: `;
}

function assertTrusted({ trusted }: Caller): void {
  if (!trusted)
    throw new ContractError(
      'REQUEST_REFUSED',
      'A page may not name paths of this machine. Start `tessera serve --models FOLDER`, or drop the file on the window.',
    );
}

export type StudioRouter = ReturnType<typeof createRouter>;
type Windows = ReturnType<typeof windowsOf>;

function windowsOf(log: (error: unknown) => void) {
  return windows.use(withErrors(log));
}

export function createRouter(parts: StudioParts) {
  const os = windowsOf(parts.log);
  return os.router({
    info: os.info.handler(() => ({
      version: parts.version,
      host: parts.host,
      platform: process.platform,
      cpu: tidyDeviceName(systemCpuName()),
      totalMemoryBytes: totalmem(),
      dataFolder: parts.dataFolder,
      notices: parts.history.notices.map((notice) => ({ ...notice })),
    })),
    events: os.events.handler(({ signal }) => parts.hub.listen(signal)),
    queue: queueRoutes(os, parts),
    history: historyRoutes(os, parts),
    models: modelRoutes(os, parts),
    presets: presetRoutes(os, parts),
    settings: settingsRoutes(os, parts),
    system: systemRoutes(os, parts),
  });
}

function queueRoutes(os: Windows, { queue, requests }: StudioParts) {
  return {
    submit: os.queue.submit.handler(({ input }) =>
      requests.submit(input.modelId, input.request, input.first ?? false),
    ),
    variants: os.queue.variants.handler(({ input }) => requests.variants(input.id, input.changes)),
    list: os.queue.list.handler(() => queue.state()),
    move: os.queue.move.handler(({ input }) => queue.move(input.id, input.to)),
    cancel: os.queue.cancel.handler(({ input }) => queue.cancel(input.id)),
    cancelAll: os.queue.cancelAll.handler(() => queue.cancelAll()),
    pause: os.queue.pause.handler(() => queue.setPaused(true)),
    resume: os.queue.resume.handler(() => queue.setPaused(false)),
  };
}

function historyRoutes(os: Windows, { history, hub }: StudioParts) {
  const { store } = history;
  const changed = (ids: string[] | null): void => {
    hub.publish({ type: 'history', ids });
  };
  return {
    page: os.history.page.handler(({ input }) => store.page(input)),
    get: os.history.get.handler(({ input }) => store.required(input.id)),
    many: os.history.many.handler(({ input }) => store.many(input.ids)),
    related: os.history.related.handler(({ input }) => store.related(input.id)),
    annotate: os.history.annotate.handler(({ input }) => {
      store.required(input.id);
      store.annotate(input.id, input.annotation);
      changed([input.id]);
      return store.required(input.id);
    }),
    remove: os.history.remove.handler(({ input }) => {
      const removed = store.remove(input.ids);
      changed(input.ids);
      return { removed };
    }),
    restore: os.history.restore.handler(({ input }) => {
      const restored = store.restore(input.ids);
      changed(input.ids);
      return { restored };
    }),
    facets: os.history.facets.handler(() => store.facets()),
    statistics: os.history.statistics.handler(({ input }) => store.statistics(input)),
    quality: os.history.quality.handler(({ input }) => measureQuality(history, input.referenceId, input.ids)),
    rebuild: os.history.rebuild.handler(async ({ signal }) => {
      const report = await history.rebuild(signal);
      changed(null);
      return report;
    }),
  };
}

function modelRoutes(os: Windows, { catalogue, history, engineBytes, places }: StudioParts) {
  return {
    list: os.models.list.handler(() => catalogue.list()),
    rescan: os.models.rescan.handler(() => catalogue.rescan()),
    rename: os.models.rename.handler(({ input }) => catalogue.rename(input.id, input.name)),
    restore: os.models.restore.handler(({ input }) => catalogue.restore(input.id)),
    restoreFolder: os.models.restoreFolder.handler(({ input }) => catalogue.restoreFolder(input.id)),
    setHidden: os.models.setHidden.handler(({ input }) => catalogue.setHidden(input.id, input.hidden)),
    remove: os.models.remove.handler(({ input }) => ({ removed: catalogue.remove(input.id) })),
    addFolder: os.models.addFolder.handler(({ input, context }) => {
      assertTrusted(context);
      return catalogue.addFolder(input.path);
    }),
    addFile: os.models.addFile.handler(({ input, context }) => {
      assertTrusted(context);
      return catalogue.addFile(input.path);
    }),
    removeFolder: os.models.removeFolder.handler(({ input }) => ({
      removed: catalogue.removeFolder(input.id),
    })),
    describeMerging: os.models.describeMerging.handler(async ({ input }) => {
      const { unet, downscale, hash: modelHash } = await catalogue.facts(input.modelId);
      const { steps, scheduler, guidanceScale } = await catalogue.defaults(input.modelId);
      const place = places.of(input.modelId);
      const setting = { ...input, modelHash, steps, scheduler, guidanceScale };
      const figures = place === null ? undefined : history.store.presetFigures({ ...setting, place });
      const speedup = figures?.speedup ?? null;
      return describeForStudio({ config: unet, ...input, speedup, downscale });
    }),
    memory: os.models.memory.handler(async ({ input }) => {
      const facts = await catalogue.facts(input.modelId);
      assertStepCache(facts.unet, input.stepCache);
      // What the engine holds already serves the next picture.
      const freeBytes = (await freeMemoryBytes()) + (await engineBytes());
      return memoryNeed(facts, input, input.memory, freeBytes, places.of(input.modelId)?.precision);
    }),
  };
}

function presetRoutes(os: Windows, { presets, requests, hub }: StudioParts) {
  return {
    list: os.presets.list.handler(({ input }) => presets.list(input)),
    save: os.presets.save.handler(({ input }) => {
      const preset = presets.save(input);
      hub.publish({ type: 'presets' });
      return preset;
    }),
    remove: os.presets.remove.handler(({ input }) => {
      const removed = presets.remove(input.id);
      hub.publish({ type: 'presets' });
      return { removed };
    }),
    measure: os.presets.measure.handler(async ({ input }) => ({
      generations: await requests.measure(input),
    })),
  };
}

function settingsRoutes(os: Windows, { settings, places, log }: StudioParts) {
  return {
    get: os.settings.get.handler(() => settings.get()),
    update: os.settings.update.handler(({ input }) => {
      const updated = settings.update(input);
      if (input.runtime !== undefined) places.choose(updated.runtime).catch(log);
      return updated;
    }),
  };
}

function systemRoutes(os: Windows, { system }: StudioParts) {
  return {
    devices: os.system.devices.handler(() => system.devices()),
    measure: os.system.measure.handler(() => system.measure()),
    installCuda: os.system.installCuda.handler(() => system.installCuda()),
    cancelCuda: os.system.cancelCuda.handler(() => ({ cancelled: system.cancelCuda() })),
    removeCuda: os.system.removeCuda.handler(() => system.removeCuda()),
  };
}
