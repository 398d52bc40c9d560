import { randomInt, randomUUID } from 'node:crypto';
import { noMerging, parseGenerationRequest, type GenerationRequest } from '#contract/request.ts';
import { isSamePlace } from '#contract/runtime.ts';
import { measuredPlace } from '#contract/runtime-report.ts';
import type { Generation } from '#contract/studio/generation.ts';
import type { PresetChanges } from '#contract/studio/presets.ts';
import type { HistoryStore } from '#history/store.ts';
import type { NewGeneration } from '#history/types.ts';
import type { ModelCatalogue } from './models/catalogue.ts';
import type { NextPlace } from './next-place.ts';
import { builtinPresets, stepsOf, type AtSize } from './presets.ts';
import type { Queue } from './queue.ts';

/** Random seeds stay short enough to be typed again. */
const seedLimit = 2 ** 32;
const measureSeed = 1;

type Unseeded = Omit<GenerationRequest, 'seed'> & { readonly seed: number | null };
export interface Measurement extends AtSize {
  readonly prompt: string;
  readonly ratios?: readonly number[] | undefined;
  readonly again?: boolean | undefined;
}
type RowOf = (request: GenerationRequest) => NewGeneration;

/** Turns what a window asks for into rows of the queue. */
export function createRequests(
  store: Pick<HistoryStore, 'findSame' | 'required'>,
  queue: Pick<Queue, 'add'>,
  catalogue: Pick<ModelCatalogue, 'identity' | 'defaults'>,
  places: Pick<NextPlace, 'find' | 'begun'>,
) {
  /** Rows of the place where they would be made are answered, not made again: figures of others are none of merging's. */
  const reuse = async (requests: readonly GenerationRequest[], modelId: string): Promise<Generation[]> => {
    const place = await places.find(modelId);
    const row = await rowOf(modelId);
    const isThere = ({ id, state, figures }: Generation): boolean =>
      state === 'queued' ||
      isSamePlace(state === 'running' ? (places.begun(id) ?? place) : measuredPlace(figures?.runtime), place);
    return requests
      .map((request) => {
        const same = store.findSame(request, modelId).find(isThere);
        // One whose file was deleted on the disk has nothing to show: it is made again.
        const gone = same?.state === 'done' && same.picture === null;
        return same === undefined || gone ? queue.add([row(request)])[0] : same;
      })
      .filter((each) => each !== undefined);
  };
  let last: Promise<unknown> = Promise.resolve();
  /** In turn: who asked first is first in the queue, though a later one's model may be known sooner. */
  const rowOf = (modelId: string): Promise<RowOf> => {
    const mine = last.then(async (): Promise<RowOf> => {
      const model = await catalogue.identity(modelId);
      const batchId = randomUUID();
      return (request) => ({ batchId, request, model });
    });
    // It fails for who asked; the next one has its own answer.
    last = mine.catch(() => undefined);
    return mine;
  };
  return {
    submit: async (modelId: string, asked: Unseeded, first: boolean) => {
      const { count, ...request } = parseGenerationRequest({
        ...asked,
        seed: asked.seed ?? randomInt(seedLimit),
      });
      const row = await rowOf(modelId);
      const rows = Array.from({ length: count }, (_, i) =>
        row({ ...request, seed: request.seed + i, count: 1 }),
      );
      const generations = queue.add(rows, first);
      return { batchId: generations[0]?.batchId ?? randomUUID(), generations };
    },
    variants: async (id: string, changes: readonly PresetChanges[]): Promise<Generation[]> => {
      const { request, model } = store.required(id);
      return await reuse(
        changes.map((each) => changed(request, each)),
        model.id,
      );
    },
    measure: async ({
      modelId,
      widthPx,
      heightPx,
      prompt,
      ratios,
      again,
    }: Measurement): Promise<Generation[]> => {
      const { steps, scheduler, guidanceScale } = await catalogue.defaults(modelId);
      const seed = again === true ? randomInt(seedLimit) : measureSeed;
      const setting = { steps, scheduler, guidanceScale, seed, count: 1 };
      const plain = { prompt, negativePrompt: '', widthPx, heightPx, ...setting, merging: noMerging };
      const wanted =
        ratios?.map((ratio) => ({ merging: { ...noMerging, ratio }, stepsFactor: 1 })) ??
        Object.values(builtinPresets);
      const requests = wanted.map((each) => changed(plain, each));
      // A gain needs the unmerged picture of the same steps beside it.
      const references = requests.map((request) => ({
        ...request,
        merging: noMerging,
        stepCache: undefined,
      }));
      const all = new Map([...references, ...requests].map((request) => [JSON.stringify(request), request]));
      return await reuse([...all.values()], modelId);
    },
  };
}

function changed(
  request: GenerationRequest,
  { merging, stepsFactor, scheduler, stepCache }: PresetChanges,
): GenerationRequest {
  const steps = stepsOf(request.steps, stepsFactor);
  return parseGenerationRequest({
    ...request,
    merging,
    stepCache,
    steps,
    scheduler: scheduler ?? request.scheduler,
    count: 1,
  });
}
