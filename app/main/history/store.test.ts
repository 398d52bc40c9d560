import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Candidate } from '#contract/runtime.ts';
import type { RuntimeReport } from '#contract/runtime-report.ts';
import { noMerging } from '#contract/request.ts';
import type { HistoryFilter, HistoryQuery } from '#contract/studio/history.ts';
import { openDatabase } from './db.ts';
import { createStore, type HistoryStore } from './store.ts';
import { finished, newGeneration, temporaryFolder } from './testing.ts';
import type { FinishedGeneration } from './types.ts';

let store: HistoryStore;
let clock = 1000;
beforeEach(() => {
  clock = 1000;
  store = createStore(openDatabase(join(temporaryFolder(), 'history.sqlite')), () => clock++);
});

const insert = (...args: Parameters<typeof newGeneration>) => {
  const [row] = store.insertQueued([newGeneration(...args)]);
  if (row === undefined) throw new Error('nothing was inserted');
  return row;
};
const make = (...args: Parameters<typeof newGeneration>) => {
  const { id } = insert(...args);
  store.begin(id, clock++);
  store.finish(id, finished());
  return store.required(id);
};
const ids = (filter: HistoryFilter, sort: HistoryQuery['sort'] = 'newest') =>
  store.page({ filter, sort, limit: 100 }).items.map(({ id }) => id);

describe('the way of a row', () => {
  it('goes from queued to done with every figure, and none is made up', () => {
    const row = insert();
    expect(row).toMatchObject({
      state: 'queued',
      figures: null,
      memory: [],
      picture: null,
      provider: null,
      quality: null,
    });
    expect(store.begin(row.id, 1500)).toBe(true);
    expect(store.finish(row.id, finished())).toBe(true);
    expect(store.required(row.id)).toMatchObject({
      state: 'done',
      attempts: 1,
      figures: finished().figures,
      memory: finished().memory,
      picture: { widthPx: 64, heightPx: 64, sizeBytes: 5 },
      failure: null,
    });
    expect(store.queued()).toEqual([]);
  });

  it('takes no step from a state that does not lead there', () => {
    const { id } = insert();
    expect(store.finish(id, finished())).toBe(false);
    expect(store.cancel(id, 1)).toBe(true);
    expect(store.begin(id, 1)).toBe(false);
    expect(store.fail(id, 1, { code: 'ENGINE_FAILED', message: 'x' })).toBe(false);
    expect(store.required(id)).toMatchObject({ state: 'cancelled', failure: null });
  });

  it('keeps the reason of a failure', () => {
    const { id } = insert();
    store.begin(id, 1);
    store.fail(id, 2, { code: 'ENGINE_DIED', message: 'out of memory' });
    expect(store.required(id).failure).toEqual({ code: 'ENGINE_DIED', message: 'out of memory' });
  });

  it('is told about by name when a picture is not there', () => {
    expect(() => store.required('nobody')).toThrow(expect.objectContaining({ code: 'GENERATION_NOT_FOUND' }));
  });
});

describe('the queue', () => {
  it('is in the order of asking, and can be ordered anew', () => {
    const rows = store.insertQueued([
      newGeneration({ seed: 1 }),
      newGeneration({ seed: 2 }),
      newGeneration({ seed: 3 }),
    ]);
    const [a = '', b = '', c = ''] = rows.map(({ id }) => id);
    const order = () => store.queued().map(({ id }) => id);
    expect(order()).toEqual([a, b, c]);
    store.moveQueued(c, 0);
    expect(order()).toEqual([c, a, b]);
    store.moveQueued(c, 99);
    expect(order()).toEqual([a, b, c]);
    store.moveToFront([b, c]);
    expect(order()).toEqual([b, c, a]);
    store.begin(c, 1);
    store.moveQueued(a, 0);
    expect(order()).toEqual([c, a, b]);
  });

  it('takes up what was interrupted, but not for ever', () => {
    const first = insert({ seed: 1 });
    const second = insert({ seed: 2 });
    store.begin(first.id, 1);
    expect(store.recoverInterrupted()).toEqual({ requeued: [first.id], failed: [] });
    expect(store.queued().map(({ id }) => id)).toEqual([first.id, second.id]);
    store.begin(first.id, 1);
    expect(store.recoverInterrupted()).toEqual({ requeued: [], failed: [first.id] });
    expect(store.required(first.id)).toMatchObject({ state: 'failed', failure: { code: 'ENGINE_DIED' } });
  });
});

describe('pages', () => {
  it('hold every row once, in each order', () => {
    for (let seed = 0; seed < 7; seed++)
      make({ seed, merging: { ...noMerging, ratio: seed % 2 ? 0.5 : 0.25 } });
    for (const sort of ['newest', 'oldest', 'fastest', 'slowest', 'ratio'] as const) {
      const seen: number[] = [];
      let cursor: string | undefined;
      do {
        const page = store.page({ filter: {}, sort, limit: 3, ...(cursor === undefined ? {} : { cursor }) });
        expect(page.total).toBe(7);
        seen.push(...page.items.map(({ request }) => request.seed));
        cursor = page.nextCursor ?? undefined;
      } while (cursor !== undefined);
      expect(seen.toSorted()).toEqual([0, 1, 2, 3, 4, 5, 6]);
      if (sort === 'newest') expect(seen).toEqual([6, 5, 4, 3, 2, 1, 0]);
      if (sort === 'ratio') expect(seen).toEqual([5, 3, 1, 6, 4, 2, 0]);
    }
  });

  it('refuse a cursor that is none', () => {
    for (const cursor of ['x', '[]', '[1,"2"]'])
      expect(() => store.page({ filter: {}, sort: 'newest', limit: 1, cursor })).toThrow(
        expect.objectContaining({ code: 'REQUEST_INVALID' }),
      );
  });

  it('are filtered by each field', () => {
    const plain = make({ prompt: 'a red sun' });
    const merged = make(
      { prompt: '파란 산 위의 붉은 해', negativePrompt: 'moon', merging: { ...noMerging, ratio: 0.5 } },
      'other',
    );
    const waiting = insert({ prompt: '50% "quoted" (sun' });
    store.annotate(plain.id, { favourite: true, tags: ['keep', 'keep'], notes: 'for the wall' });
    expect(ids({ text: 'red' })).toEqual([plain.id]);
    expect(ids({ text: 'sun' })).toEqual([waiting.id, plain.id]);
    expect(ids({ text: '붉은' })).toEqual([merged.id]);
    expect(ids({ text: 'moon 산' })).toEqual([merged.id]);
    expect(ids({ text: 'WALL' })).toEqual([plain.id]);
    expect(ids({ text: '0%' })).toEqual([waiting.id]);
    expect(ids({ text: '"quoted" (sun' })).toEqual([waiting.id]);
    expect(ids({ text: 'NOT OR *"' })).toEqual([]);
    expect(ids({ modelId: 'other' })).toEqual([merged.id]);
    expect(ids({ minRatio: 0.3, maxRatio: 0.6 })).toEqual([merged.id]);
    expect(ids({ favourite: true })).toEqual([plain.id]);
    expect(ids({ tag: 'keep' })).toEqual([plain.id]);
    expect(ids({ states: ['queued'] })).toEqual([waiting.id]);
    expect(ids({ since: merged.createdAt })).toEqual([waiting.id, merged.id]);
    expect(ids({ until: plain.createdAt })).toEqual([plain.id]);
    expect(store.required(plain.id).tags).toEqual(['keep']);
    expect(store.facets()).toMatchObject({ total: 3, favourites: 1, tags: [{ tag: 'keep', count: 1 }] });
  });

  it('find notes by their newest words only', () => {
    const { id } = make();
    store.annotate(id, { notes: 'first thought' });
    store.annotate(id, { notes: 'second thought' });
    expect(ids({ text: 'first' })).toEqual([]);
    expect(ids({ text: 'second' })).toEqual([id]);
  });
});

describe('deleting', () => {
  it('can be undone, until the bin is emptied', () => {
    const { id } = make();
    expect(store.remove([id, id])).toBe(1);
    expect(ids({})).toEqual([]);
    expect(store.restore([id])).toBe(1);
    expect(ids({})).toEqual([id]);
    store.remove([id]);
    expect(store.deletedBefore(0)).toEqual([]);
    expect(store.deletedBefore(clock + 1)).toEqual([{ id, fileName: '2026-01/x.png' }]);
    expect(store.purge([id])).toBe(1);
    expect(store.get(id)).toBeUndefined();
    expect(ids({ text: 'sun' })).toEqual([]);
  });

  it('fills a bin that can be looked through, and rows are read by their ids in the order asked', () => {
    const [kept, gone] = [make({ prompt: 'a lake' }), make({ prompt: 'a desert' })];
    store.remove([gone.id]);
    expect(ids({ deleted: true })).toEqual([gone.id]);
    expect(ids({ deleted: true, text: 'lake' })).toEqual([]);
    expect(ids({})).toEqual([kept.id]);
    const none = '22222222-2222-4222-8222-222222222222';
    expect(store.many([gone.id, none, kept.id]).map(({ id }) => id)).toEqual([gone.id, kept.id]);
  });

  it('does not take what is being made', () => {
    const { id } = insert();
    expect(store.remove([id])).toBe(0);
  });
});

describe('figures', () => {
  const merging = { ...noMerging, ratio: 0.5 };
  const cpu: Candidate = { provider: 'cpu', index: 0, device: 'Ryzen', precision: 'f32' };
  const runtimeOn = (place: Candidate): RuntimeReport => {
    const parts: RuntimeReport['parts'] = [
      { part: 'text', ...cpu },
      { part: 'unet', ...place },
    ];
    return { parts, notices: [] };
  };
  const timed = (
    stepMs: number,
    changes: Parameters<typeof newGeneration>[0],
    more: Partial<FinishedGeneration['figures']> = {},
  ) => {
    const { id } = insert(changes);
    store.begin(id, 1);
    const { figures, ...rest } = finished({}, stepMs);
    store.finish(id, { ...rest, figures: { ...figures, runtime: runtimeOn(cpu), ...more } });
    return id;
  };

  it('of a setting are medians of this machine, against none', () => {
    const setting = {
      modelId: 'demo',
      modelHash: null,
      guidanceScale: 3,
      widthPx: 64,
      heightPx: 64,
      steps: 4,
      scheduler: 'euler' as const,
      merging,
      place: cpu,
    };
    expect(store.presetFigures(setting)).toBeUndefined();
    for (const ms of [10, 11, 90]) timed(ms, { merging });
    expect(store.presetFigures(setting)).toMatchObject({
      pictures: 3,
      stepMs: 11,
      speedup: null,
      psnrDb: null,
    });
    for (const ms of [22, 20, 24]) timed(ms, {});
    expect(store.presetFigures(setting)?.speedup).toBe(2);
    // Neither of another size, nor of another checkpoint, nor with half the work.
    expect(store.presetFigures({ ...setting, widthPx: 128 })).toBeUndefined();
    expect(store.presetFigures({ ...setting, modelHash: 'other' })).toBeUndefined();
    expect(store.presetFigures({ ...setting, guidanceScale: 1 })).toBeUndefined();
    timed(5, { guidanceScale: 1 });
    expect(store.presetFigures(setting)?.speedup).toBe(2);
  });

  it('of one place are no gain over those of another, nor told of it', () => {
    const request = newGeneration({ merging }).request;
    const setting = { ...request, modelId: 'demo', modelHash: null, place: cpu };
    const others: Candidate[] = [
      { ...cpu, precision: 'int8' },
      { ...cpu, device: 'EPYC' },
      { ...cpu, provider: 'webgpu' },
    ];
    timed(20, {});
    for (const [i, place] of others.entries()) {
      expect(store.presetFigures({ ...setting, place })).toBeUndefined();
      timed(10, { merging }, { runtime: runtimeOn(place) });
      expect(store.presetFigures({ ...setting, place })).toMatchObject({ stepMs: 10, speedup: null });
      timed(12 + i, {}, { runtime: runtimeOn(place) });
      expect(store.presetFigures({ ...setting, place })?.speedup).toBe((12 + i) / 10);
    }
    timed(5, { merging }, { runtime: { ...runtimeOn(cpu), moved: true } });
    expect(store.presetFigures(setting)).toBeUndefined();
    const found = store.statistics({}).map((each) => [each.ratio, each.device, each.precision]);
    expect(found).toHaveLength(7);
    // One that changed its place in the middle.
    expect(found).toContainEqual([0.5, null, null]);
    expect(found).toContainEqual([0.5, 'EPYC', 'f32']);
    expect(found).toContainEqual([0.5, 'Ryzen', 'int8']);
  });

  it('of the statistics are grouped by model, size and ratio', () => {
    timed(10, { merging });
    timed(30, { merging });
    const id = timed(50, {});
    store.setQuality([{ id, referenceId: id, psnrDb: null, ssim: 1 }]);
    const found = store.statistics({});
    expect(found).toHaveLength(2);
    expect(found.find(({ ratio }) => ratio === 0.5)).toMatchObject({
      pictures: 2,
      stepMs: 20,
      psnrDb: null,
      peakBytes: 1000,
      peakSource: 'VmHWM',
    });
    expect(found.find(({ ratio }) => ratio === 0)).toMatchObject({ stepMs: 50, ssim: 1 });
  });

  it('of the statistics are kept apart where they merge differently, and tell their spread', () => {
    for (const stepMs of [10, 20, 30, 40]) timed(stepMs, { merging });
    timed(90, { merging: { ...merging, maxDownsample: 2 } });
    const found = store.statistics({});
    expect(found.map(({ pictures }) => pictures).toSorted()).toEqual([1, 4]);
    const usual = found.find(({ pictures }) => pictures === 4);
    expect(usual).toMatchObject({ stepMs: 25, stepSpreadMs: { low: 17.5, high: 32.5 }, latestAt: 2000 });
    expect(usual?.merging).toEqual(merging);
    const other = found.find(({ pictures }) => pictures === 1);
    expect(other).toMatchObject({ stepSpreadMs: { low: 90, high: 90 }, provider: null });
  });

  it('of step caching stand for themselves, at the mean of their whole and shallow steps', () => {
    const stepCache = { interval: 4, branch: 0 };
    const { id } = insert({ stepCache });
    store.begin(id, 1);
    const { figures, ...rest } = finished();
    const wholeSteps = [true, false, false, false];
    store.finish(id, {
      ...rest,
      figures: { ...figures, runtime: runtimeOn(cpu), stepsMs: [50, 10, 10, 10], wholeSteps },
    });
    timed(40, {});
    const [one, other] = store.statistics({}).toSorted((a, b) => a.stepMs - b.stepMs);
    expect(one).toMatchObject({ stepCache, stepMs: 20, pictures: 1 });
    expect(other).toMatchObject({ stepMs: 40, pictures: 1 });
    expect(other).not.toHaveProperty('stepCache');
    expect(store.required(id).figures?.wholeSteps).toEqual(wholeSteps);
    const request = { ...newGeneration().request, stepCache };
    expect(store.findSame(request, 'demo').map((each) => each.id)).toEqual([id]);
    const setting = { ...request, modelId: 'demo', modelHash: null, place: cpu };
    expect(store.presetFigures(setting)).toMatchObject({ pictures: 1, stepMs: 20, speedup: 2 });
  });

  it('relate pictures that differ only in merging or steps', () => {
    const plain = make();
    const merged = make({ merging, steps: 2 });
    make({ seed: 9 });
    make({ guidanceScale: 5 });
    expect(store.related(plain.id).map(({ id }) => id)).toEqual([plain.id, merged.id]);
    const again = make({ merging, steps: 2 });
    expect(store.findSame(merged.request, 'demo').map(({ id }) => id)).toEqual([again.id, merged.id]);
    expect(store.findSame({ ...merged.request, steps: 3 }, 'demo')).toEqual([]);
  });
});

describe('choices', () => {
  it('of models, folders, presets and settings are kept', () => {
    const model = {
      id: 'm',
      path: '/a',
      name: null,
      hidden: false,
      removed: false,
      addedAt: 1,
      factsKey: 'k',
      facts: { kind: 'sd1' },
    };
    store.saveModel(model);
    store.saveModel({ ...model, name: 'Mine', hidden: true });
    expect(store.listModels()).toEqual([{ ...model, name: 'Mine', hidden: true }]);
    store.saveFolder({ id: 'f', path: '/b', addedAt: 1 });
    expect(store.listFolders()).toEqual([{ id: 'f', path: '/b', addedAt: 1 }]);
    expect([store.removeFolder('f'), store.removeFolder('f')]).toEqual([true, false]);
    const preset = { id: 'p', name: 'Quick', changes: { merging: noMerging, stepsFactor: 0.5 } };
    store.savePreset(preset, 1);
    expect(store.listPresets()).toEqual([preset]);
    expect(store.removePreset('p')).toBe(true);
    expect(store.readSetting('draft')).toBeUndefined();
    store.writeSetting('draft', { prompt: 'x' });
    expect(store.readSetting('draft')).toEqual({ prompt: 'x' });
  });
});
