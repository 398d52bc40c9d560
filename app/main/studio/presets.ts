import { randomUUID } from 'node:crypto';
import { StudioError } from '#contract/errors.ts';
import { noMerging } from '#contract/request.ts';
import type { BuiltinPresetId, Preset, PresetChanges } from '#contract/studio/presets.ts';
import type { HistoryStore } from '#history/store.ts';
import type { ModelCatalogue } from './models/catalogue.ts';
import type { NextPlace } from './next-place.ts';

/** Beside a step cache this costs half a decibel and takes a sixth less of the U-Net's time (docs/tried/matching.md). */
const mostOfTheNet = { maxDownsample: 2, crossAttention: true, mlp: true } as const;

/** From the same picture as without merging to a quick sketch. Times are never promised here, only measured. */
export const builtinPresets: Readonly<Record<BuiltinPresetId, PresetChanges>> = {
  exact: { merging: noMerging, stepsFactor: 1 },
  faithful: { merging: { ...noMerging, ratio: 0.25 }, stepsFactor: 1 },
  balanced: { merging: { ...noMerging, ratio: 0.5 }, stepsFactor: 1 },
  fast: { merging: { ...noMerging, ratio: 0.5 }, stepCache: { interval: 3, branch: 0 }, stepsFactor: 1 },
  draft: {
    merging: { ...noMerging, ratio: 0.75, ...mostOfTheNet, matchEvery: 5 },
    stepCache: { interval: 5, branch: 0 },
    stepsFactor: 1,
  },
};

export interface AtSize {
  readonly modelId: string;
  readonly widthPx: number;
  readonly heightPx: number;
}

export interface PresetKeeper {
  list(at: AtSize): Promise<Preset[]>;
  save(preset: { id?: string | undefined; name: string; changes: PresetChanges }): Preset;
  remove(id: string): boolean;
}

export function createPresets(
  store: HistoryStore,
  catalogue: ModelCatalogue,
  places: Pick<NextPlace, 'of'>,
  now: () => number,
): PresetKeeper {
  return {
    list: async ({ modelId, widthPx, heightPx }) => {
      const { steps, scheduler, guidanceScale } = await catalogue.defaults(modelId);
      const { hash: modelHash } = await catalogue.identity(modelId);
      const place = places.of(modelId);
      const figures = ({ merging, stepCache, stepsFactor, scheduler: own = scheduler }: PresetChanges) =>
        place === null
          ? null
          : (store.presetFigures({
              ...{ modelId, modelHash, widthPx, heightPx, guidanceScale, place },
              steps: stepsOf(steps, stepsFactor),
              scheduler: own,
              ...{ merging, stepCache },
            }) ?? null);
      const builtin = Object.entries(builtinPresets).map(([id, changes]) => ({ id, name: null, changes }));
      return [...builtin, ...store.listPresets()].map((preset) => ({
        ...preset,
        figures: figures(preset.changes),
      }));
    },
    save: ({ id, name, changes }) => {
      if (id !== undefined && !store.listPresets().some((each) => each.id === id))
        throw new StudioError(
          'PRESET_NOT_FOUND',
          `There is no preset ${id}. It may have been removed in another window.`,
        );
      const preset = { id: id ?? randomUUID(), name, changes };
      store.savePreset(preset, now());
      return { ...preset, figures: null };
    },
    remove: (id) => store.removePreset(id),
  };
}

export function stepsOf(steps: number, factor: number): number {
  return Math.max(1, Math.round(steps * factor));
}
