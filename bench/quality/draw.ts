import type { ModelDefaults } from '#contract/model.ts';
import { noticeText } from '#contract/notices/english.ts';
import { parseGenerationRequest, type GenerationRequest } from '#contract/request.ts';
import { generate } from '#engine/pipeline/generate.ts';
import { Model } from '#engine/pipeline/model.ts';
import { cpuCandidate, Runtime } from '#engine/runtime.ts';
import { mergeStructure } from '#kernels/tome/plan.ts';
import { BugError } from '#contract/errors.ts';
import type { Checkpoint } from '#library/checkpoint.ts';
import type { Rgb } from '#studio/quality-maths.ts';
import type { CpuPrecision, Variant } from './variants.ts';

export interface Drawn {
  readonly picture: Rgb;
  /** All steps: U-Net, guidance and scheduler. */
  readonly stepsMs: number;
  /** What the pipeline warned of. */
  readonly warnings: readonly string[];
}

export interface HeldOut {
  readonly prompt: string;
  readonly seed: number;
}

export type Settings = Pick<ModelDefaults, 'widthPx' | 'heightPx' | 'steps' | 'guidanceScale' | 'scheduler'>;

/** Draws pictures in this process. Variants that need different graphs keep one each, so that none loads in between. */
export class Drawer {
  readonly #checkpoint: Checkpoint;
  readonly #settings: Settings;
  readonly #models = new Map<string, Model>();

  constructor(checkpoint: Checkpoint, settings: Settings) {
    this.#checkpoint = checkpoint;
    this.#settings = settings;
  }

  async draw(variant: Variant, { prompt, seed }: HeldOut): Promise<Drawn> {
    const { merging, stepCache, precision = 'f32' } = variant;
    const request = parseGenerationRequest({
      ...this.#settings,
      ...{ prompt, negativePrompt: '', seed, count: 1, merging },
      ...(stepCache === undefined ? {} : { stepCache }),
    });
    const warnings: string[] = [];
    const drawn: { picture: Rgb; stepsMs: number }[] = [];
    await generate(this.#modelFor(request, precision), {
      ...{ request, previewEvery: 0, wantMaps: false, isCancelled: () => false },
      emit(event) {
        if (event.type === 'warning') warnings.push(noticeText(event.notice));
        if (event.type !== 'picture') return;
        const { rgb, widthPx, heightPx, figures } = event;
        const stepsMs = figures.stepsMs.reduce((sum, ms) => sum + ms, 0);
        drawn.push({ picture: { data: rgb, widthPx, heightPx }, stepsMs });
      },
    });
    const [only] = drawn;
    if (only === undefined) throw new BugError('The pipeline ended without a picture.');
    return { ...only, warnings };
  }

  async release(): Promise<void> {
    for (const model of this.#models.values()) await model.release();
  }

  #modelFor({ merging, stepCache }: GenerationRequest, precision: CpuPrecision): Model {
    const structure = mergeStructure(this.#checkpoint.unet.config, merging);
    const key = JSON.stringify([structure, stepCache ?? null, precision]);
    const runtime = new Runtime([{ ...cpuCandidate(), precision }]);
    const model = this.#models.get(key) ?? new Model(this.#checkpoint, runtime);
    this.#models.set(key, model);
    return model;
  }
}
