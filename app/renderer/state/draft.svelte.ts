import { noMerging, type MergingOptions } from '#contract/request.ts';
import type { Draft } from '#contract/studio/draft.ts';
import type { Generation } from '#contract/studio/generation.ts';
import type { ModelEntry } from '#contract/studio/models.ts';
import type { Preset } from '#contract/studio/presets.ts';
import { debounce } from './debounce.ts';

const saveAfterMs = 150;

export const emptyDraft: Draft = {
  prompt: '',
  negativePrompt: '',
  modelId: null,
  presetId: 'exact',
  widthPx: 256,
  heightPx: 256,
  steps: 20,
  scheduler: 'dpmpp_2m',
  guidanceScale: 7,
  seed: null,
  count: 1,
  merging: noMerging,
  stepCache: undefined,
};

/** The form. Every change is kept: debounced, and at once when the window goes. */
export class DraftState {
  current = $state<Draft>(emptyDraft);
  /** Settings of a dropped picture that have no field here. */
  unknown = $state.raw<readonly (readonly [string, string])[]>([]);
  /** False where it could not be kept. */
  readonly #save: (draft: Draft) => Promise<boolean>;
  readonly #later = debounce(() => void this.#keep(), saveAfterMs);
  #lost = false;
  /** Until the saved form was read, nothing may overwrite it. */
  #loaded = false;

  constructor(save: (draft: Draft) => Promise<boolean>) {
    this.#save = save;
  }

  /** The form as it was kept; null before the first. Later calls do nothing: what is typed here is newer. */
  load(draft: Draft | null): void {
    if (this.#loaded) return;
    this.#loaded = true;
    // Every field is there, so that a copy put back later takes away what is absent in it.
    if (draft !== null) this.current = { ...emptyDraft, ...draft };
  }

  change(changes: Partial<Draft>): void {
    Object.assign(this.current, changes);
    if (this.#loaded) this.#later();
  }

  changeMerging(changes: Partial<MergingOptions>): void {
    const merging = { ...$state.snapshot(this.current.merging), ...changes };
    for (const key of ['ratioEnd', 'blocks', 'threshold'] as const)
      if (merging[key] === undefined) Reflect.deleteProperty(merging, key);
    this.change({ merging, presetId: null });
  }

  /** Another model: its own size, steps and scheduler, unless the artist's are right for it. */
  chooseModel(model: ModelEntry): void {
    const { defaults } = model;
    this.change({ modelId: model.id, ...(defaults ?? {}) });
  }

  choosePreset(preset: Preset, model: ModelEntry | undefined): void {
    const { merging, stepsFactor, scheduler, stepCache } = preset.changes;
    const steps = model?.defaults?.steps;
    this.change({
      presetId: preset.id,
      merging,
      stepCache,
      ...(steps === undefined ? {} : { steps: Math.max(1, Math.round(steps * stepsFactor)) }),
      ...(scheduler === undefined ? {} : { scheduler }),
    });
  }

  /** All settings of a picture, or its seed alone. */
  reuse(generation: Generation, what: 'all' | 'seed' = 'all'): void {
    const { seed, ...request } = generation.request;
    if (what === 'seed') this.change({ seed });
    else
      this.change({
        stepCache: undefined,
        ...request,
        seed,
        count: 1,
        presetId: null,
        modelId: generation.model.id,
      });
  }

  /** A plain copy, without proxies. */
  snapshot(): Draft {
    return $state.snapshot(this.current);
  }

  /** After the studio was away: what could not be kept then is kept now. */
  async keepLost(): Promise<void> {
    if (this.#lost) await this.#keep();
  }

  async #keep(): Promise<void> {
    this.#lost = !(await this.#save(this.snapshot()));
  }

  flush(): void {
    this.#later.flush();
  }
}
