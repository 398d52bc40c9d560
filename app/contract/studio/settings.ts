import * as v from 'valibot';
import { autoRuntime, RuntimeChoiceSchema } from '#contract/runtime.ts';
import { DraftSchema } from './draft.ts';

export const languages = ['en', 'ko'] as const;
export const themes = ['system', 'dark', 'light'] as const;

export const SettingsSchema = v.object({
  language: v.nullable(v.picklist(languages)),
  theme: v.picklist(themes),
  /** Merge maps are kept with each picture; without them the overlay stays empty. */
  keepMaps: v.boolean(),
  /** A preview after every n-th step; 0 = none. */
  previewEvery: v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(50)),
  notifyWhenHidden: v.boolean(),
  firstRunDone: v.boolean(),
  runtime: RuntimeChoiceSchema,
  overlayOpacity: v.pipe(v.number(), v.minValue(0), v.maxValue(1)),
  /** What stands in the form: kept at every keystroke. Null before the first. */
  draft: v.nullable(DraftSchema),
});
export type Settings = v.InferOutput<typeof SettingsSchema>;

export const defaultSettings: Settings = {
  language: null,
  // Dark first: the picture is the only bright thing.
  theme: 'dark',
  keepMaps: true,
  previewEvery: 1,
  notifyWhenHidden: true,
  firstRunDone: false,
  runtime: autoRuntime,
  overlayOpacity: 0.7,
  draft: null,
};
