import type { Command } from 'commander';
import { Option } from 'commander';
import { RequestError } from '#contract/errors.ts';
import type { ModelDefaults } from '#contract/model.ts';
import { modelKinds } from '#contract/model.ts';
import { parseGenerationRequest, schedulerNames, sizeLimitsPx } from '#contract/request.ts';
import type { GenerationRequest, StepCache } from '#contract/request.ts';
import { memoryModes, precisions, providers, type RuntimeChoice } from '#contract/runtime.ts';
import { addMergingOptions, mergingOf, type MergingTexts } from './merging-options.ts';
import { number, numberOr, optionalNumber, pair } from './option-values.ts';

/** The options of `generate` as commander hands them over: numbers are still text, so that a message can quote them. */
export interface GenerateOptions extends MergingTexts {
  readonly negative: string;
  readonly model?: string;
  readonly modelKind?: (typeof modelKinds)[number];
  readonly config?: string;
  readonly width?: string;
  readonly height?: string;
  readonly size?: string;
  readonly steps?: string;
  readonly scheduler?: string;
  readonly guidance?: string;
  readonly seed?: string;
  readonly count: string;
  readonly out?: string;
  readonly maps?: string;
  readonly preview?: string;
  readonly device: RuntimeChoice['provider'];
  readonly precision: RuntimeChoice['precision'];
  readonly previewEvery: string;
  readonly stepCache?: string;
  readonly memory: RuntimeChoice['memory'];
}

export function addGenerateOptions(command: Command): Command {
  const { min, max, step } = sizeLimitsPx;
  command
    .option('-n, --negative <text>', 'what the picture should not show', '')
    .option(
      '-s, --size <WxH>',
      `picture size in pixels, ${min} to ${max} in steps of ${step} (default: the model's)`,
    )
    .option('--width <px>', 'width alone')
    .option('--height <px>', 'height alone')
    .option('--steps <n>', "sampling steps (default: the model's)")
    .option('--scheduler <name>', `one of ${schedulerNames.join(', ')} (default: the model's)`)
    .option(
      '-g, --guidance <scale>',
      "how closely to follow the prompt; 1 = no guidance, half the work (default: the model's)",
    )
    .option('--seed <n>', 'seed of the first picture; the next ones count on (default: random, and told)')
    .option('-c, --count <n>', 'pictures to make', '1')
    .optionsGroup('Model:')
    .option('-m, --model <path>', 'a diffusers folder or a .safetensors file (default: the embedded model)')
    .addOption(
      new Option('--model-kind <kind>', 'what the checkpoint is, when it cannot tell itself').choices(
        modelKinds,
      ),
    )
    .option('--config <folder>', 'diffusers folder whose config.json files describe a single file');
  return addMergingOptions(command)
    .optionsGroup('Step caching:')
    .option(
      '--step-cache <n[:branch]>',
      'run only every n-th step whole, and of the others the branch + 1 last layers (default branch: 0)',
    )
    .optionsGroup('Machine:')
    .addOption(
      new Option('--device <name>', 'where pictures are made; "tessera devices" lists what there is')
        .choices(['auto', ...providers])
        .default('auto'),
    )
    .addOption(
      new Option(
        '--precision <name>',
        'what the U-Net computes in; auto = f16 where it is right and faster; int8 = 8 bits, on the CPU',
      )
        .choices(['auto', ...precisions])
        .default('auto'),
    )
    .addOption(
      new Option(
        '--memory <mode>',
        'full keeps all nets loaded, low loads one after another; auto: what fits',
      )
        .choices(['auto', ...memoryModes])
        .default('auto'),
    )
    .optionsGroup('Output:')
    .option(
      '-o, --out <path>',
      'a .png file, which is replaced, or a folder, where free names are chosen (default: out)',
    )
    .option('--maps <folder>', 'write which token stood for which, for each merged block and step')
    .option('--preview <file>', 'keep a small preview of the running picture in this .png')
    .option('--preview-every <n>', 'steps between previews', '1');
}

/** What fills a request before its model is known, to find what is wrong in the options themselves. */
export const anyDefaults: ModelDefaults = {
  widthPx: 512,
  heightPx: 512,
  steps: 20,
  guidanceScale: 7.5,
  scheduler: 'ddim',
};

/** Throws REQUEST_INVALID with everything that is wrong. */
export function toRequest(
  prompt: string,
  options: GenerateOptions,
  defaults: ModelDefaults,
  seed: number,
): GenerationRequest {
  const [width, height] = sizeOf(options);
  return parseGenerationRequest({
    prompt,
    negativePrompt: options.negative,
    widthPx: width ?? defaults.widthPx,
    heightPx: height ?? defaults.heightPx,
    steps: numberOr('--steps', options.steps, defaults.steps),
    scheduler: options.scheduler ?? defaults.scheduler,
    guidanceScale: numberOr('--guidance', options.guidance, defaults.guidanceScale),
    seed: numberOr('--seed', options.seed, seed),
    count: number('--count', options.count),
    merging: mergingOf(options),
    ...(options.stepCache === undefined ? {} : { stepCache: stepCacheOf(options.stepCache) }),
  });
}

/** Limits are the request's matter, but for the form. */
function stepCacheOf(text: string): StepCache {
  const [interval = '', branch = '0', ...more] = text.split(':');
  if (more.length > 0) {
    throw new RequestError(
      'REQUEST_INVALID',
      `--step-cache is "${text}"; allowed: an interval such as 3, or an interval and a branch such as 3:1.`,
    );
  }
  return { interval: number('--step-cache', interval), branch: number('--step-cache', branch) };
}

function sizeOf(options: GenerateOptions): [number | undefined, number | undefined] {
  const { size, width, height } = options;
  if (size === undefined) return [optionalNumber('--width', width), optionalNumber('--height', height)];
  if (width !== undefined || height !== undefined) {
    throw new RequestError(
      'REQUEST_INVALID',
      '--size was given together with --width or --height. Give one or the other.',
    );
  }
  return pair('--size', size, '512x512');
}

export function previewEvery(options: GenerateOptions): number {
  if (options.preview === undefined) return 0;
  const every = number('--preview-every', options.previewEvery);
  if (Number.isInteger(every) && every >= 1) return every;
  throw new RequestError('REQUEST_INVALID', `--preview-every is ${every}; allowed: whole numbers from 1.`);
}
